// The page of a mailbox that was written to do harm: it shows every word, and does nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { statSync } from 'node:fs';

import { launch, open, unfold } from './browser.mjs';
import { operable } from './checks/keyboard.mjs';
import { accessible, inert, inked, layout, legible, printed, quiet } from './checks/looks.mjs';
import { faithful, NAME, visible } from './checks/numbers.mjs';
import { numbers, pageOf } from './pages.mjs';

const VIEWS = [{ theme: 'light', width: 1280 }, { theme: 'dark', width: 360 }];

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const name of ['hostile', 'narrowed']) {
  const CHECKS = { quiet, inert, layout, inked, faithful: (view) => faithful(view, numbers(name)), operable, legible, printed, accessible };
  for (const view of VIEWS) {
    describe(`${name}, ${view.theme}, ${view.width} wide`, () => {
      for (const [check, complaints] of Object.entries(CHECKS)) {
        test(check, async () => {
          const opened = await open(browser, pageOf(name), view);
          try {
            assert.deepEqual(await complaints(opened), []);
          } finally {
            await opened.close();
          }
        });
      }
    });
  }
}

test('what strangers wrote is shown as they wrote it', async () => {
  const report = numbers('hostile');
  const opened = await open(browser, pageOf('hostile'));
  await unfold(opened.page);
  const shown = await opened.page.evaluate(() => document.body.innerText.replace(/\s+/g, ' '));
  await opened.close();
  const names = [...report.campaigns, ...report.lists].map(({ name }) => name).filter(Boolean);
  const words = [...report.suppressed.flatMap(({ address, diagnostic }) => [address, diagnostic]), ...report.our_faults.flatMap((fault) => fault.words)];
  assert.ok(names.some((name) => name.startsWith('<script>')) && words.some((word) => word?.includes('<script>')), 'nothing hostile came this far');
  assert.ok(names.some((name) => name.includes('\u202e')), 'nothing turns the direction of writing');
  for (const name of names) assert.ok(shown.includes(visible(name, NAME)), `not shown: ${name}`);
  for (const text of words.filter(Boolean)) assert.ok(shown.includes(visible(text)), `not shown: ${text}`);
});

test('it is no heavier than others', () => {
  assert.ok(statSync(pageOf('hostile')).size < 500_000);
});
