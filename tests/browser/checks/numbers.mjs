// Whether the page says what `rebound report --format json` says of the same data: the charts as they are painted, measured
// against their own scale, and the tables behind them.

import { isDeepStrictEqual } from 'node:util';

/// What the page counts together, by the class of its colour.
const GROUPS = {
  hard: ['hard bounces', ['hard-bounce']],
  soft: ['soft bounces', ['soft-bounce']],
  unknown: ['unknown bounces', ['unknown-unavailable', 'unknown-available']],
  blocked: ['sender blocked', ['sender-blocked']],
  complaints: ['complaints', ['complaint']],
  unsubscribes: ['unsubscribes', ['unsubscribe']],
};
const FAILURES = ['hard', 'soft', 'unknown', 'blocked'];

/// Where the scale of a meter ends, in millionths: a quarter above its limit of alarm.
const METERS = { bounces: 250_000, complaints: 3_750 };

/// How far a painted length may be from what it stands for, as a share of the whole chart: less than a pixel of a small one.
const BLUR = 0.004;

/// How much of a name is shown.
export const NAME = 100;

const of = (outcomes, group) => GROUPS[group][1].reduce((sum, category) => sum + (outcomes.categories[category] ?? 0), 0);
const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const failed = (outcomes) => sum(FAILURES.map((group) => of(outcomes, group)));
const number = (text) => Number(text.replace(/[\s\u202f]/g, ''));
const minute = (at) => at.slice(0, 16).replace('T', ' ');

/// Everything at once.
export async function faithful({ page }, report) {
  const seen = await page.evaluate(read);
  const complaints = [];
  const same = (what, shown, meant) => {
    if (isDeepStrictEqual(shown, meant)) return;
    const isList = Array.isArray(shown) && Array.isArray(meant) && shown.length === meant.length;
    const index = isList ? shown.findIndex((row, index) => !isDeepStrictEqual(row, meant[index])) : undefined;
    if (index === undefined) complaints.push(`${what}: ${JSON.stringify(shown)} is shown for ${JSON.stringify(meant)}`);
    else same(`${what}, ${index}`, shown[index], meant[index]);
  };
  for (const check of [scales, cards, days, suppressed, reasons, heat, faults, names, contacts, lists, alarms]) check(seen, report, same);
  return complaints;
}

/// The numbers at the left of a chart stand where they belong.
function scales({ charts }, _, same) {
  for (const [id, chart] of Object.entries(charts)) {
    same(`the scale of ${id}`, chart.scale.map(([height]) => rounded(chart, height)), chart.scale.map(([, label]) => label));
  }
}

function cards(seen, { totals, contacts }, same) {
  const groups = Object.entries(GROUPS).map(([group, [name]]) => [name, of(totals, group)]);
  const more = [['newly suppressed', contacts.newly_suppressed], ['suppressed in all', contacts.suppressed]];
  same('the cards', seen.cards.map(([name, count]) => [name, number(count)]), [...groups, ...more]);
}

/// Day by day, as long as there are few enough days for a column each.
function days({ charts, tables }, report, same) {
  const meant = report.days.map(({ outcomes }) => Object.keys(GROUPS).map((group) => of(outcomes, group)));
  const chart = charts['chart-days'];
  if (sum(meant.flat()) === 0) return same('a chart of nothing', chart, undefined);
  const painted = report.days.map(() => Object.keys(GROUPS).map(() => 0));
  for (const { group, from, to, middle } of chart.bars) {
    const day = Math.floor(middle * report.days.length);
    same(`the columns: ${group} of day ${day} stands on`, rounded(chart, from), sum(painted[day]));
    painted[day][Object.keys(GROUPS).indexOf(group)] += rounded(chart, to) - rounded(chart, from);
  }
  same('the columns', painted, meant);
  same('the legend', chart.legend, Object.entries(GROUPS).map(([group, [name]]) => [group, `${name} ${of(report.totals, group)}`]));
  same('what is told of a day', chart.told, report.days.map(({ day, outcomes }) => {
    const parts = Object.entries(GROUPS).filter(([group]) => of(outcomes, group) > 0).map(([group, [name]]) => `${of(outcomes, group)} ${name}`);
    return `${day}: ${parts.join(', ') || 'nothing'}`;
  }));
  const rows = tables['What came back, by day'];
  same('the days in the table', rows.map(([day]) => day.text), report.days.map(({ day }) => day));
  same('the numbers in the table', rows.map((cells) => cells.slice(1, -1).map(({ text }) => number(text))), meant);
}

function suppressed({ charts, tables }, report, same) {
  const meant = report.days.map((day) => day.suppressed_in_all);
  const chart = charts['chart-suppressed'];
  if (Math.max(0, ...meant) === 0) return same('a line of nothing', chart, undefined);
  same('the line', chart.line.map((height) => rounded(chart, height)), meant);
  const rows = tables['Suppressed contacts at the end of each day, of those who still are'];
  same('the table behind the line', rows.map((cells) => cells.slice(1).map(({ text }) => number(text))), report.days.map((day) => [day.suppressed, day.suppressed_in_all]));
}

/// A painted height as the count that its scale makes of it. What is between two counts stays so, and equals nothing.
function rounded({ scale }, height) {
  const [[zero, low], [top, high]] = [scale[0], scale.at(-1)];
  const count = low + ((height - zero) / (top - zero)) * (high - low);
  return Math.abs(count - Math.round(count)) < BLUR * high ? Math.round(count) : count;
}

function reasons({ tables }, report, same) {
  const rows = [...(tables['Reasons of failed deliveries, the most frequent first'] ?? []), ...(tables['Rarer reasons'] ?? [])];
  same('the reasons', rows.map(([name, count]) => [name.code, number(count.text)]), report.reasons.map(({ reason, count }) => [reason, count]));
  const greatest = report.reasons[0]?.count;
  bars('reasons', rows.map(([name]) => name.bar), report.reasons.map(({ count }) => [['plain', count / greatest]]), same);
}

/// Bars as shares of their whole width.
function bars(what, painted, meant, same) {
  const near = (bar, other) => bar.length === other.length
    && bar.every(([group, share], index) => group === other[index][0] && Math.abs(share - other[index][1]) < BLUR);
  painted.forEach((bar, index) => { if (!near(bar, meant[index])) same(`bar ${index} of ${what}`, bar, meant[index]); });
  same(`how many bars there are of ${what}`, painted.length, meant.length);
}

function heat({ tables, heads }, report, same) {
  const caption = 'Failures by mailbox provider (by domain where the provider is not known) and reason';
  const columns = report.reasons.slice(0, 12).map(({ reason }) => reason);
  const rows = tables[caption] ?? [];
  if (report.heat.length > 0) same('the columns of the map', heads[caption], ['Provider', ...columns, 'all reasons']);
  const cells = rows.map((row) => row.map(({ text }) => text));
  same('the map', cells, report.heat.map(({ provider, reasons }) => [
    visible(provider, NAME), ...columns.map((reason) => String(reasons[reason] ?? '')), String(sum(Object.values(reasons))),
  ]));
  const coloured = rows.flatMap((row) => row.slice(1, -1)).filter(({ text }) => text).map(({ text, behind }) => [number(text), behind]);
  coloured.sort(([a], [b]) => a - b);
  coloured.slice(1).forEach(([count, behind], index) => {
    const [fewer, before] = coloured[index];
    if (behind < before - 0.001) same(`cells of ${count} and ${fewer}`, 'the smaller stands out more', 'the greater does');
  });
  same('empty cells have a colour', rows.flatMap((row) => row.slice(1, -1)).filter(({ text, behind }) => !text && behind > 0.001).length, 0);
}

function faults(seen, { our_faults: faults }, same) {
  same('our faults', seen.faults, faults.map(({ reason, count, words, blocklists }) => (
    { reason, count: `${count} ×`, words: words.map((text) => visible(text)), links: blocklists.map(({ url }) => url) }
  )));
}

function names({ tables, heads }, report, same) {
  for (const [what, all] of Object.entries({
    Campaigns: report.campaigns, 'Mailing lists': report.lists,
    'Domains of recipients': report.domains, 'Accounts that mail came in through': report.accounts,
  })) {
    const rows = all.slice(0, 30);
    const [first, continued] = [`${what}, the most frequent first`, `${what}, continued`];
    const shown = [...(tables[first] ?? []), ...(tables[continued] ?? [])];
    const head = heads[first] ?? [];
    const column = (row, name) => row[head.indexOf(name)];
    const text = (row, name) => column(row, name)?.text ?? '';
    same(what, shown.map((row) => ({
      name: row[0].text, failed: text(row, 'failed'), complaints: text(row, 'complaints'), hard: text(row, 'hard'), blocked: text(row, 'blocked'),
      sent: text(row, 'sent').replace('\u202f', ''), rate: text(row, 'bounce rate'), complained: text(row, 'complaint rate'),
    })), rows.map(({ name, outcomes, sent, bounces, complaints }) => ({
      name: name === null ? 'all others' : visible(name, NAME), failed: String(failed(outcomes)), complaints: String(of(outcomes, 'complaints')),
      hard: String(of(outcomes, 'hard')), blocked: String(of(outcomes, 'blocked')), sent: String(sent ?? ''),
      rate: percent(bounces), complained: percent(complaints),
    })));
    const named = rows.filter(({ name }) => name !== null);
    const greatest = Math.max(...named.map(({ outcomes }) => failed(outcomes)));
    bars(what, shown.map((row) => column(row, 'failed').bar).filter(Boolean), named.map(({ outcomes }) => (
      FAILURES.filter((group) => of(outcomes, group) > 0).map((group) => [group, of(outcomes, group) / greatest])
    )), same);
    for (const [measure, name] of [['bounces', 'bounce rate'], ['complaints', 'complaint rate']]) {
      if (!head.includes(name)) continue;
      const meters = rows.map((row) => row[measure]).map((rate) => rate && [[rate.level, Math.min(1, (rate.count / rate.sent) * 1e6 / METERS[measure])]]);
      bars(`meters of ${name}`, shown.map((row) => column(row, name).meter).filter(Boolean), meters.filter(Boolean).map((meter) => meter.filter(([, share]) => share > 0)), same);
    }
  }
}

/// A rate as it is shown: cut, not rounded, after two decimals below one percent and after one above.
function percent(rate) {
  if (!rate) return '';
  const millionths = Math.floor((rate.count * 1e6) / rate.sent);
  const [unit, decimals] = millionths < 10_000 ? [100, 2] : [1_000, 1];
  return `${((Math.floor(millionths / unit) * unit) / 10_000).toFixed(decimals)} %`;
}

function contacts(seen, { contacts }, same) {
  if (contacts.known === 0) return same('facts about nobody', seen.facts, []);
  const { known, active, suppressed, held } = contacts;
  same('facts', seen.facts.map(([what, count]) => [what, number(count)]), [['known', known], ['may be mailed', active], ['suppressed', suppressed], ['held', held]]);
  const steps = [1, 2, 3, 4].map((streak) => [String(streak), contacts.streaks[streak] ?? 0]);
  const funnel = seen.tables['Contacts by how often in a row mail to them failed'];
  const meant = [...steps, ['too many: suppressed', contacts.causes['soft-bounce'] ?? 0]];
  same('the funnel', funnel.map(([step, count]) => [step.text, number(count.text)]), meant);
  const greatest = Math.max(1, ...meant.map(([, count]) => count));
  const colours = meant.map(([step, count]) => (count ? [[step.startsWith('too') ? 'hard' : 'soft', count / greatest]] : []));
  bars('the funnel', funnel.map(([step]) => step.bar), colours, same);
  const causes = seen.tables['Suppressed contacts by cause'] ?? [];
  same('the causes', Object.fromEntries(causes.map(([cause, count]) => [cause.text, number(count.text)])), contacts.causes);
}

function lists({ tables }, report, same) {
  const cells = (...captions) => captions.flatMap((caption) => tables[caption] ?? []).map((row) => row.map(({ text }) => text));
  same('who is suppressed', cells('Newly suppressed contacts, the latest first', 'Newly suppressed contacts, continued'), report.suppressed.slice(0, 60).map(
    ({ address, at, cause, reason, diagnostic }) => [visible(address), minute(at), cause, reason ?? '', visible(diagnostic ?? '')],
  ));
  same('who has moved', cells('Who can be reached elsewhere, the latest first'), report.moved.slice(0, 60).map(
    ({ address, new_address: next, at }) => [visible(address), visible(next), minute(at)],
  ));
  same('what is misspelt', cells('Domains that do not exist and are one slip of the finger from one that does'), report.misspelt.map(
    ({ domain, meant, contacts }) => [visible(domain), meant, String(contacts)],
  ));
  same('what is not recognised', cells('The latest messages that are none of what comes back'), report.unrecognised.map(
    ({ at, account, object_key: key }) => [minute(at), visible(account ?? '', NAME), visible(key ?? '')],
  ));
}

function alarms(seen, report, same) {
  same('the alarms', seen.alarms, report.alarms.slice(0, 40).map(({ subject: { kind, name }, rate: { level }, measure }) => [
    level, kind === 'all' ? 'all mail of the period' : `${kind} ${visible(name, NAME)}`, measure === 'bounces' ? 'bounced' : 'complained',
  ]));
}

/// A stranger's text as it is shown: what would not be seen is marked, what is long is cut, white space is as HTML has it.
export function visible(text, most = 300) {
  const letters = [...text].map((letter) => (/[\p{Cf}\p{Cc}]/u.test(letter) && !/[\n\t]/.test(letter) ? '\ufffd' : letter));
  const cut = letters.length > most ? [...letters.slice(0, most), '…'] : letters;
  return cut.join('').replace(/[ \n\t]+/g, ' ').trim();
}

/// Runs in the page. Reads what is painted, not what is meant: places and lengths are those on the screen.
function read() {
  for (const details of document.querySelectorAll('details')) details.open = true;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const text = (element) => element.textContent.replace(/[ \n\t]+/g, ' ').trim();
  const box = (element) => element.getBoundingClientRect();
  const isPainted = (rect) => { const { fill, opacity, visibility } = getComputedStyle(rect); return fill !== 'none' && fill !== 'rgba(0, 0, 0, 0)' && Number(opacity) > 0 && visibility === 'visible'; };
  const shares = (svg) => svg && all('rect:not(.track)', svg).filter((rect) => isPainted(rect) && box(rect).width > 0).map((rect) => [rect.getAttribute('class'), box(rect).width / box(svg).width]);
  const luminance = (colour) => { const [r, g, b] = colour.match(/[\d.]+/g).map((part) => (part / 255) ** 2.2); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  /// How far what is behind an element is from the paper.
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? 0 : Math.abs(luminance(backgroundColor) - luminance(getComputedStyle(element.closest('section')).backgroundColor));
  };

  const charts = {};
  for (const plot of all('svg.plot')) {
    const floor = box(plot).top;
    const labels = all('text', plot.previousElementSibling).map((label) => Number(label.textContent.replace(/\s/g, '')));
    const line = plot.querySelector('polyline');
    const matrix = line?.getScreenCTM();
    charts[plot.id] = {
      scale: all('line.axis', plot).map((axis, index) => [box(axis).top - floor, labels[index]]),
      bars: all('rect:not(.column)', plot).filter(isPainted).map((rect) => ({
        group: rect.getAttribute('class'), from: box(rect).bottom - floor, to: box(rect).top - floor,
        middle: (box(rect).left + box(rect).width / 2 - box(plot).left) / box(plot).width,
      })),
      line: line && [...line.points].map((point) => point.matrixTransform(matrix).y - floor),
      told: all('rect.column title', plot).map(text),
      legend: all('.legend li', plot.closest('figure')).map((li) => [li.querySelector('rect').getAttribute('class'), text(li)]),
    };
  }
  const tables = {};
  const heads = {};
  for (const table of all('table')) {
    heads[text(table.caption)] = all('thead th', table).map(text);
    tables[text(table.caption)] = all('tbody tr', table).map((row) => [...row.cells].map((cell) => ({
      text: text(cell), code: cell.querySelector('code')?.textContent, behind: behind(cell),
      bar: shares(cell.querySelector('svg.bar')), meter: shares(cell.querySelector('svg.meter')),
    })));
  }
  const pairs = (selector) => all(selector).map((pair) => [text(pair.querySelector('dt')), text(pair.querySelector('dd'))]);
  return {
    charts, tables, heads, cards: pairs('.cards > div'), facts: pairs('.facts > div'),
    faults: all('.faults > li').map((fault) => ({
      reason: text(fault.querySelector('code')), count: text(fault.querySelector('strong')),
      words: all('blockquote', fault).map(text), links: all('a', fault).map((link) => link.getAttribute('href')),
    })),
    alarms: all('.alarms > li').map((alarm) => {
      const [, word, subject, , verb] = text(alarm.querySelector('strong')).match(/^(\w+): (.*): ([\d.]+ %) (\w+)$/) ?? [];
      return [word?.toLowerCase(), subject, verb];
    }),
  };
}
