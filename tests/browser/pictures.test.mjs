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
const PICTURES = [
  ['report-light.png', { theme: 'light', width: 1280 }, 1280],
  ['report-dark.png', { theme: 'dark', width: 1280 }, 1280],
  ['report-360.png', { theme: 'light', width: 360, scale: 2 }, 800],
];
/// So that a page with all of them opens at once.
const MOST_BYTES = 300_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const [name, view, height] of PICTURES) {
  test(name, async () => {
    const opened = await open(browser, pageOf('sample'), view);
    try {
      await opened.page.setViewportSize({ width: view.width, height });
      assert.deepEqual(await inked(opened), []);
      const picture = await opened.page.screenshot();
      assert.ok(picture.length < MOST_BYTES, `${picture.length} bytes`);
      if (FOLDER) writeFileSync(join(FOLDER, name), picture);
    } finally {
      await opened.close();
    }
  });
}
