// What the command writes as CSV, opened in a spreadsheet: no cell is a formula, a number is a number, and every word of
// a stranger is there to be read.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';

import { tool } from './browser.mjs';
import { fileOf, numbers } from './pages.mjs';

const XLSX = tool('xlsx');

/// Columns that hold nothing but numbers.
const NUMBERS = new Set(`hard_bounces soft_bounces unknown_bounces sender_blocked complaints unsubscribes other suppressed
  suppressed_in_all failures sent failed bounce_rate complaint_rate hard soft unknown blocked refusals contacts count soft_streak
  blocks auto_replies delivered events`.split(/\s+/));

/// What spreadsheets take for a formula, where it stands first; some look past white space, and some read full-width signs.
const FORMULA = /^[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/u;

/// Rows of cells, as the spreadsheet has them, and what is wrong with them.
function read(csv) {
  const { Sheets: { Sheet1: sheet } } = XLSX.read(csv, { type: 'string', cellFormula: true });
  const { s: from, e: to } = XLSX.utils.decode_range(sheet['!ref']);
  const complaints = [];
  const rows = [];
  for (let r = from.r; r <= to.r; r += 1) {
    const row = [];
    for (let c = from.c; c <= to.c; c += 1) {
      const cell = sheet[XLSX.utils.encode_cell({ r, c })] ?? { t: 'z', v: '' };
      const column = rows[0]?.[c];
      const value = cell.v ?? '';
      if (cell.f !== undefined) complaints.push(`${column} holds the formula ${cell.f}`);
      if (cell.t === 's' && FORMULA.test(value)) complaints.push(`${column} begins like a formula: ${value}`);
      if (NUMBERS.has(column) && !['n', 'z'].includes(cell.t)) complaints.push(`${column} holds ${value}, which is no number`);
      row.push(value);
    }
    rows.push(row);
  }
  return { rows, complaints };
}

/// Rows by the names of their columns.
function table(csv) {
  const { rows: [head, ...rows] } = read(csv);
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [head[index], value])));
}

/// A stranger's text as a cell has it: with an apostrophe before what would be a formula.
const harmless = (text) => (/^'*[\t\r\n]|^['\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(text) ? `'${text}` : text);
/// Line ends are the spreadsheet's own.
const lines = (text) => String(text).replace(/\r\n?/g, '\n');

const SHEETS = readdirSync(new URL(`file://${process.env.REBOUND_PAGES}/hostile/sheets`)).map((file) => `sheets/${file}`);
const CONTACTS = ['contacts/campaigns.csv', 'contacts/list.csv', 'contacts/export.csv'];

describe('no formula, and numbers are numbers, in', () => {
  assert.ok(SHEETS.length >= 15);
  for (const file of [...SHEETS, ...CONTACTS]) {
    test(file, () => {
      const { rows, complaints } = read(fileOf('hostile', file));
      assert.deepEqual(complaints, []);
      assert.ok(rows.every((row) => row.length === rows[0].length));
    });
  }
});

test('where cells are separated by semicolons, the texts of a report are still one cell each', () => {
  const { rows: [head, ...rows] } = read(fileOf('hostile', 'sheets/campaigns.csv').replaceAll(',', ';'));
  assert.ok(rows.length > 10 && rows.every((row) => row.length === head.length));
});

describe('a formula would be found', () => {
  for (const [what, csv, complaint] of [
    ['by its sign', 'name\n"=1+1"\n', /formula 1\+1/],
    ['by another', 'name\n"+1+cmd|x"\n', /begins like a formula/],
    ['behind white space', 'name\n" @SUM(A1)"\n', /begins like a formula/],
    ['where a number should be', 'sent\nmany\n', /which is no number/],
  ]) {
    test(what, () => assert.match(read(csv).complaints.join(), complaint));
  }
});

test('campaigns are told by their names, with their numbers', () => {
  const { campaigns } = numbers('hostile');
  const rows = table(fileOf('hostile', 'sheets/campaigns.csv'));
  assert.deepEqual(rows.map(({ campaign, sent }) => [campaign, sent]), campaigns.map(({ name, sent }) => [harmless(name ?? ''), sent ?? '']));
  assert.ok(rows.some(({ campaign }) => campaign.startsWith("'=HYPERLINK")));
});

test('what is yours to mend has the words of the servers', () => {
  const { our_faults: faults } = numbers('hostile');
  const rows = table(fileOf('hostile', 'sheets/our-side.csv'));
  assert.deepEqual(rows.map(({ words }) => lines(words)), faults.map(({ words }) => lines(harmless(words.join('\n')))));
});

test('every contact is listed with what was said about it', () => {
  const rows = table(fileOf('hostile', 'contacts/list.csv'));
  const contacts = fileOf('hostile', 'contacts/list.jsonl').trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(contacts.length > 20);
  assert.deepEqual(
    rows.map(({ address, last_diagnostic: words }) => [address, lines(words)]),
    contacts.map(({ address, last_diagnostic: words }) => [harmless(address), lines(harmless(words ?? ''))]),
  );
});

test('exports name the same contacts in every format', () => {
  const suppressed = fileOf('hostile', 'contacts/export.jsonl').trim().split('\n').map((line) => JSON.parse(line).address);
  assert.deepEqual(table(fileOf('hostile', 'contacts/export.csv')).map(({ address }) => address), suppressed.map(harmless));
});
