// A page in a headless Chromium, and everything that it did while it was opened.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const TOOLS = process.env.REBOUND_BROWSER;
if (!TOOLS) throw new Error('REBOUND_BROWSER names no folder; tests/tools/browser makes one');

/// What tests/tools/browser installed.
export const tool = createRequire(join(TOOLS, 'node_modules/'));

/// No sandbox, because containers give root none; and nothing that a browser does on its own account, so that every request
/// that is seen is the page's.
const SWITCHES = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/// How pages are looked at: on a screen and on a phone, by day and by night.
export const VIEWS = [
  { theme: 'light', width: 1280 }, { theme: 'dark', width: 1280 },
  { theme: 'light', width: 360 }, { theme: 'dark', width: 360 },
];

export async function launch() {
  return tool('playwright-core').chromium.launch({ executablePath: join(TOOLS, 'chromium'), args: SWITCHES });
}

/// Opens `file`. Of what comes back, `noise` is what a page that asks for nothing and runs nothing never makes. Close it.
export async function open(browser, file, { theme = 'light', width = 1280, javascript = true, scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: theme, javaScriptEnabled: javascript, deviceScaleFactor: scale,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const address = pathToFileURL(file).href;
  const noise = [];
  page.on('console', (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { noise.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== address) noise.push(`request: ${request.url()}`); });
  if (javascript) {
    await page.exposeFunction('toldOfViolation', (what) => noise.push(`violation: ${what}`));
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => {
      window.toldOfViolation(`${event.violatedDirective} ${event.blockedURI}`);
    }));
  }
  await page.goto(address, { waitUntil: 'load' });
  // Whatever the page started ends, or is refused, before its next two frames.
  if (javascript) await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { page, noise, close: () => context.close() };
}

/// Unfolds what is folded, so that it is looked at, too.
export async function unfold(page) {
  await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
}
