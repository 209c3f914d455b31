// Pictures of the page of the sample mailbox, for the documentation. REBOUND_SCREENSHOTS names the folder that they are
// written into; without it they are only made, and looked at whether they are light enough.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open } from './browser.mjs';
import { inked } from './checks/looks.mjs';
import { pageOf } from './pages.mjs';

const FOLDER = process.env.REBOUND_SCREENSHOTS;
/// Which sections are on each, from one to another.
const PICTURES = [
  ['report-light.png', { theme: 'light', width: 1280 }, 'header', '#days'],
  ['report-dark.png', { theme: 'dark', width: 1280 }, '#providers', '#campaigns'],
  ['report-360.png', { theme: 'light', width: 360, scale: 2 }, '#days', '#reasons'],
];
/// So that a page with all of them opens at once.
const MOST_BYTES = 300_000;
/// What is seen around them, in pixels.
const MARGIN = 12;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const [name, view, from, to] of PICTURES) {
  test(name, async () => {
    const opened = await open(browser, pageOf('sample'), view);
    try {
      assert.deepEqual(await inked(opened), []);
      const edge = (selector, side) => opened.page.evaluate(([selector, side]) => (
        document.querySelector(selector).closest('header, section').getBoundingClientRect()[side]
      ), [selector, side]);
      const y = Math.max(0, (await edge(from, 'top')) - MARGIN);
      const height = (await edge(to, 'bottom')) + MARGIN - y;
      const picture = await opened.page.screenshot({ fullPage: true, clip: { x: 0, y, width: view.width, height } });
      assert.ok(picture.length < MOST_BYTES, `${picture.length} bytes`);
      if (FOLDER) writeFileSync(join(FOLDER, name), picture);
    } finally {
      await opened.close();
    }
  });
}
