// What the command made for these tests, and copies of it with something wrong.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = process.env.REBOUND_PAGES;
if (!FOLDER) throw new Error('REBOUND_PAGES names no folder; main.rs makes one');

export const pageOf = (name) => join(FOLDER, name, 'report.html');
export const fileOf = (name, file) => readFileSync(join(FOLDER, name, file), 'utf8');
export const numbers = (name) => JSON.parse(fileOf(name, 'report.json'));

/// A copy of a page with `what` in place of `there`, which must be there. Forget it when it is no longer needed.
export function broken(name, there, what) {
  const page = fileOf(name, 'report.html');
  const changed = page.replace(there, what);
  if (changed === page) throw new Error(`there is no ${there} on the page`);
  const folder = mkdtempSync(join(tmpdir(), 'rebound-broken-'));
  const file = join(folder, 'report.html');
  writeFileSync(file, allowed(changed));
  return { file, forget: () => rmSync(folder, { recursive: true }) };
}

/// With a content security policy that allows the style as it now is: what is broken is one thing at a time.
function allowed(page) {
  const style = page.match(/<style>([^]*)<\/style>/)[1];
  return page.replace(/'sha256-[^']*'/, `'sha256-${createHash('sha256').update(style).digest('base64')}'`);
}
