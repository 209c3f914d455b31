// Every check refuses a page on which the thing that it is there for is wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './browser.mjs';
import { operable } from './checks/keyboard.mjs';
import { accessible, distinct, inert, inked, layout, legible, printed, quiet } from './checks/looks.mjs';
import { faithful } from './checks/numbers.mjs';
import { broken, numbers } from './pages.mjs';

const WORD = 'w'.repeat(500);
const numbersOf = (view) => faithful(view, numbers('sample'));

/// What is broken, how, and what the check then says.
const CONTROLS = [
  [quiet, 'a script', '</h1>', '</h1><script>window.ran = 1</script>', /violation: script-src/],
  [quiet, 'a picture from elsewhere', '</h1>', '</h1><img src="http://192.0.2.1/x.png">', /violation: img-src/],
  [quiet, 'a style of its own', '</h1>', '</h1><p style="color: red">', /violation: style-src/],
  [quiet, 'a handler', '</h1>', '</h1><img src="x" onerror="window.ran = 2">', /violation/],
  [quiet, 'a request, where no policy forbids it', /<meta http-equiv[^>]*>/, '<link rel="stylesheet" href="other.css">', /request: file:.*other\.css/],
  [quiet, 'a script, where no policy forbids it', /<meta http-equiv[^>]*>/, '<script>nobody.knows()</script>', /error: nobody is not defined/],
  [inert, 'a script, where no policy forbids it', /<meta http-equiv[^>]*>/, '<script>window.ran = 3</script>', /script ran: 3/],
  [inert, 'an element', '</h1>', '</h1><b>bold</b>', /there is a <b>/],
  [inert, 'a handler', '<h1>', '<h1 onclick="window.ran = 4">', /onclick/],
  [inert, 'a link that runs', 'href="#main"', 'href="javascript:window.ran = 5"', /leads to javascript:/],
  [layout, 'a word that does not break', '<h1>', `<h1><time>${WORD}</time>`, /the page is \d+ wide/],
  [layout, 'a chart without a height', 'svg.plot {', 'svg.plot { display: none;', /svg#chart-days.plot is not seen/],
  [inked, 'everything in white', '<style>', '<style>* { visibility: hidden !important; }', /not background/],
  [faithful, 'a column that stands on nothing', /(<rect class="hard" x="[\d.]+%" y=")[\d.]+/, '$110', /the columns: hard of day \d+ stands on/],
  [faithful, 'a column that is too low', /(<rect class="hard" x="[\d.]+%" y="[\d.]+" width="[\d.]+%" height=")[\d.]+/, '$15', /the columns/],
  [faithful, 'a column in another colour', /<rect class="hard"( x="[\d.]+%" y)/, '<rect class="soft"$1', /the columns/],
  [faithful, 'a column that is not painted', '<style>', '<style>svg.plot rect.complaints { fill: none !important; }', /the columns/],
  [faithful, 'a scale that says something else', /(<svg class="scale"[^]*?>)5(<)/, '$16$2', /the scale/],
  [faithful, 'a line that goes elsewhere', /(<polyline[^>]* points=")1,\d+/, '$11,5000', /the line/],
  [faithful, 'a bar that is too long', /(<svg class="bar"[^>]*><rect class="plain" x="0.0000%" width=")[\d.]+%/, '$150.0000%', /bar 0 of reasons/],
  [faithful, 'a meter that shows too little', /(<rect class="alarm"[^>]* width=")[\d.]+%/, '$110.0000%', /meters of/],
  [faithful, 'another number in a table', /(<th scope="row">2026-08-04<\/th><td>)\d+/, '$177', /the numbers in the table/],
  [faithful, 'another number on a card', /(hard bounces<\/dt><dd>)\d+/, '$177', /the cards/],
  [faithful, 'a cell of the map that is too light', '--heat-5: #174a86', '--heat-5: #eef4fb', /cells of/],
  [faithful, 'a fault that is not told', /<ul class="faults"><li>[^]*?<\/li>/, '<ul class="faults">', /our faults/],
  [operable, 'a link that is passed over', '<a href="#overview"', '<a tabindex="-1" href="#overview"', /Tab reaches/],
  [operable, 'something that takes the focus for nothing', '<h1>', '<h1 tabindex="0">', /takes the focus for nothing/],
  [operable, 'a focus that is not seen', '<style>', '<style>* { outline: none !important; }', /nothing shows/],
  [operable, 'a first link that leads nowhere', 'href="#main"', 'href="#elsewhere"', /the first link leads to #elsewhere/],
  [legible, 'letters that are too pale', '--quiet: #566270', '--quiet: #a0a8b0', /“.*” is rgb/],
  [distinct, 'a colour that is hardly seen', '--soft: #cf7c12', '--soft: #f5d9a8', /soft bounces.*on rgb/],
  [distinct, 'red and green', '--unsubscribes: #0d9488', '--unsubscribes: #5c7a00', /apart to who sees no/],
  [printed, 'something that stays folded', 'details::details-content { content-visibility: visible;', 'nothing {', /folded/],
  [printed, 'a table that is wider than the paper', '@media print {', '@media print { table { min-width: 60rem; }', /wide on paper/],
  [printed, 'links that are printed', 'nav, .skip, summary { display: none; }', '', /<nav> is printed/],
  [printed, 'a dark page on paper', '@media screen and (prefers-color-scheme: dark)', '@media (prefers-color-scheme: dark)', /the ink is/],
  [accessible, 'no language', ' lang="en"', '', /html-has-lang/],
  [accessible, 'a chart without a name', / aria-labelledby="chart-days-title"><title[^]*?<\/title>/, '>', /svg-img-alt/],
  [accessible, 'something wide that the keyboard does not reach', ' tabindex="0"', '', /scrollable-region-focusable/],
];

/// Where a fault shows: on a phone what is wide scrolls, and by night paper is dark.
const VIEW = { theme: 'dark', width: 360 };
const LIGHT = { theme: 'light', width: 1280 };

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const [check, what, there, instead, complaint] of CONTROLS) {
  test(`${check.name} refuses ${what}`, async () => {
    const view = ['printed', 'accessible', 'layout'].includes(check.name) ? VIEW : LIGHT;
    const { file, forget } = broken('sample', there, instead);
    const opened = await open(browser, file, view);
    try {
      const complaints = await (check === faithful ? numbersOf(opened) : check(opened));
      assert.match(complaints.join('\n'), complaint);
    } finally {
      await opened.close();
      forget();
    }
  });
}

test('a policy stops a script that was smuggled in', async () => {
  const { file, forget } = broken('sample', '</h1>', '</h1><script>window.ran = 6</script><img src="x" onerror="window.ran = 7">');
  const opened = await open(browser, file);
  assert.equal(await opened.page.evaluate(() => window.ran), undefined);
  await opened.close();
  forget();
});

test('a style that was tampered with is not used', async () => {
  const { file, forget } = broken('sample', "style-src 'sha256-", "style-src 'sha384-");
  const opened = await open(browser, file);
  assert.match((await quiet(opened)).join('\n'), /violation: style-src-elem/);
  await opened.close();
  forget();
});
