// The page of the sample mailbox: right, legible and usable, wherever it is looked at.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch, open, VIEWS } from './browser.mjs';
import { operable } from './checks/keyboard.mjs';
import { accessible, distinct, inert, inked, layout, legible, printed, quiet } from './checks/looks.mjs';
import { faithful } from './checks/numbers.mjs';
import { numbers, pageOf } from './pages.mjs';

const CHECKS = { quiet, inert, layout, inked, faithful: (view) => faithful(view, numbers('sample')), operable, legible, distinct, printed, accessible };

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const view of VIEWS) {
  describe(`${view.theme}, ${view.width} wide`, () => {
    for (const [name, check] of Object.entries(CHECKS)) {
      test(name, async () => {
        const opened = await open(browser, pageOf('sample'), view);
        try {
          assert.deepEqual(await check(opened), []);
        } finally {
          await opened.close();
        }
      });
    }
  });
}

test('without JavaScript it looks the same', async () => {
  const [withIt, without] = await Promise.all([true, false].map(async (javascript) => {
    const opened = await open(browser, pageOf('sample'), { javascript });
    const picture = await opened.page.screenshot({ fullPage: true });
    await opened.close();
    assert.deepEqual(opened.noise, []);
    return picture;
  }));
  assert.ok(withIt.equals(without));
});
