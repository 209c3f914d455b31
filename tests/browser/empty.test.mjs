// The page of a mailbox in which nothing came back: each section says so, in a sentence that helps.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open, VIEWS } from './browser.mjs';
import { operable } from './checks/keyboard.mjs';
import { accessible, inert, layout, legible, printed, quiet } from './checks/looks.mjs';
import { faithful } from './checks/numbers.mjs';
import { numbers, pageOf } from './pages.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const view of VIEWS.slice(0, 3)) {
  for (const check of [quiet, inert, layout, faithful, operable, legible, printed, accessible]) {
    test(`${check.name}, ${view.theme}, ${view.width} wide`, async () => {
      const opened = await open(browser, pageOf('empty'), view);
      try {
        assert.deepEqual(await check(opened, numbers('empty')), []);
      } finally {
        await opened.close();
      }
    });
  }
}

test('each section has a sentence', async () => {
  const opened = await open(browser, pageOf('empty'));
  const sections = await opened.page.evaluate(() => [...document.querySelectorAll('section')].map((section) => section.querySelector('p')?.textContent ?? ''));
  await opened.close();
  assert.equal(sections.length, 10);
  for (const sentence of sections) assert.match(sentence, /^[A-Z].{10,}\.$/);
});
