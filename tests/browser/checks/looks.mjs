// Whether a page looks as it should. Each check gives back what it complains of: nothing, where all is well.

import { tool, unfold } from '../browser.mjs';

/// Every element that the page is made of. Anything else was smuggled in.
const ELEMENTS = new Set(
  `html head meta title style body a p h1 h2 h3 nav ul li main section header footer span bdi wbr code strong time dl dt dd div
   figure details summary table caption thead tbody tr th td blockquote svg g rect line text polyline polygon`.split(/\s+/),
);

/// WCAG's least contrast of text, of large text (24 px, or 18.66 px and bold), and of what one must see of a picture.
const TEXT = 4.5;
const LARGE_TEXT = 3;
const PICTURE = 3;

/// How far colours of a chart are apart at least, in OKLab, to whoever sees them. Black and white are 1 apart.
const APART = 0.1;

/// A page that asks for nothing and runs nothing makes no noise.
export const quiet = ({ noise }) => noise;

/// Nothing of what a stranger wrote became a part of the page.
export async function inert({ page }) {
  return page.evaluate((known) => {
    const complaints = [];
    if ('ran' in window) complaints.push(`a stranger's script ran: ${window.ran}`);
    for (const element of document.querySelectorAll('*')) {
      const name = element.localName;
      if (!known.includes(name)) complaints.push(`there is a <${name}>`);
      for (const { name: attribute, value } of element.attributes) {
        if (attribute.startsWith('on') || attribute === 'style' || attribute === 'srcdoc') complaints.push(`<${name}> has ${attribute}="${value}"`);
        if (['href', 'src', 'xlink:href', 'action'].includes(attribute) && !/^(#|https:\/\/)/.test(value)) complaints.push(`<${name}> leads to ${value}`);
      }
    }
    return complaints;
  }, [...ELEMENTS]);
}

/// The page is as wide as its window, everything has a size, and nothing lies outside.
export async function layout({ page }) {
  return page.evaluate(() => {
    const complaints = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) complaints.push(`the page is ${scrollWidth} wide in a window of ${clientWidth}`);
    for (const element of document.querySelectorAll('h1, h2, section, figure, svg.plot, .wide, dl')) {
      const { width, height, left, right } = element.getBoundingClientRect();
      const name = `${element.localName}#${element.id}.${element.className?.baseVal ?? element.className}`;
      if (!element.closest('details:not([open])') && (width < 1 || height < 1)) complaints.push(`${name} is not seen`);
      if (left < -1 || right > clientWidth + 1) complaints.push(`${name} reaches from ${left} to ${right}`);
    }
    return complaints;
  });
}

/// axe finds nothing against WCAG 2.2 A and AA, nor against best practice.
export async function accessible({ page }) {
  await unfold(page);
  await page.evaluate(tool('axe-core').source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations, passes } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags);
  if (passes.length < 10) return [`axe passed only ${passes.length} rules: it has not looked`];
  return violations.map(({ id, nodes }) => `axe ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(' | ')}`);
}

/// Every text stands out from what is behind it. axe gives up where the background is a picture; this does not, and the
/// pictures here are only shadows at an edge.
export async function legible({ page }) {
  await unfold(page);
  const texts = await page.evaluate(() => {
    const seen = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || !element.checkVisibility() || ['title', 'style'].includes(element.localName)) continue;
      const style = getComputedStyle(element);
      let behind = element;
      while (behind.parentElement && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
      const colour = element instanceof SVGElement ? style.fill : style.color;
      const background = getComputedStyle(behind).backgroundColor;
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const key = `${colour} ${background} ${large}`;
      if (!seen.has(key)) seen.set(key, { colour, background, large, text: node.data.trim().slice(0, 30) });
    }
    return [...seen.values()];
  });
  if (texts.length < 5) return [`only ${texts.length} kinds of text were found`];
  return texts
    .map((text) => ({ ...text, contrast: contrast(rgb(text.colour), rgb(text.background)) }))
    .filter(({ contrast, large }) => contrast < (large ? LARGE_TEXT : TEXT))
    .map(({ text, colour, background, contrast }) => `“${text}” is ${colour} on ${background}: ${contrast.toFixed(2)}`);
}

/// The colours of the charts stand out from the paper, and can be told apart by who sees no red, no green, or no blue.
export async function distinct({ page }) {
  const { paper, colours } = await page.evaluate(() => {
    const legend = document.querySelector('figure .legend');
    const paper = getComputedStyle(legend.closest('section')).backgroundColor;
    const swatches = [...legend.querySelectorAll('li')];
    return { paper, colours: swatches.map((li) => [li.textContent.trim(), getComputedStyle(li.querySelector('rect')).fill]) };
  });
  const complaints = [];
  if (colours.length !== 6) complaints.push(`${colours.length} colours in the legend`);
  for (const [name, colour] of colours) {
    const found = contrast(rgb(colour), rgb(paper));
    if (found < PICTURE) complaints.push(`${name}: ${colour} on ${paper} is ${found.toFixed(2)}`);
  }
  for (const [eyes, sees] of Object.entries(EYES)) {
    colours.forEach(([one, a], index) => colours.slice(index + 1).forEach(([other, b]) => {
      const found = distance(oklab(sees(linear(rgb(a)))), oklab(sees(linear(rgb(b)))));
      if (found < APART) complaints.push(`${one} and ${other} are ${found.toFixed(3)} apart to ${eyes}`);
    }));
  }
  return complaints;
}

/// How wide A4 is between its margins, in pixels.
const PAPER = 717;

/// On paper there is nothing to click, nothing but the numbers of a chart stays folded, nothing is cut off, and the ink is
/// dark whatever the screen was.
export async function printed({ page }) {
  const screen = page.viewportSize();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ ...screen, width: PAPER });
  const complaints = await page.evaluate(() => {
    const complaints = [];
    for (const gone of document.querySelectorAll('nav, .skip, summary')) if (gone.checkVisibility()) complaints.push(`<${gone.localName}> is printed`);
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) complaints.push(`the page is ${scrollWidth} wide on paper of ${clientWidth}`);
    for (const folded of document.querySelectorAll('details > :not(summary)')) {
      if (folded.closest('figure + details')) continue;
      const isSeen = folded.checkVisibility({ contentVisibilityAuto: true }) && folded.getBoundingClientRect().height > 1;
      if (!isSeen) complaints.push('something stays folded');
    }
    const { color, backgroundColor } = getComputedStyle(document.body);
    if (backgroundColor !== 'rgb(255, 255, 255)') complaints.push(`the paper is ${backgroundColor}`);
    if (Math.max(...color.match(/\d+/g).map(Number)) > 90) complaints.push(`the ink is ${color}`);
    return complaints;
  });
  const sheets = (await page.pdf({ format: 'A4' })).toString('latin1');
  const pages = sheets.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  if (!sheets.startsWith('%PDF') || pages < 1) complaints.push(`${pages} printed pages`);
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize(screen);
  return complaints;
}

/// What a picture of the page shows is more than paper: the share of points that are of another colour than the most usual one.
export async function inked({ page }) {
  const picture = (await page.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  const share = await blank.evaluate(async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    canvas.drawImage(bitmap, 0, 0);
    const points = new Uint32Array(canvas.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
    const counts = new Map();
    for (const point of points) counts.set(point, (counts.get(point) ?? 0) + 1);
    return 1 - Math.max(...counts.values()) / points.length;
  }, picture);
  await blank.close();
  return share > 0.05 ? [] : [`only ${(share * 100).toFixed(1)} % of the picture is not background`];
}

const rgb = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
const linear = (colour) => colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));

/// WCAG 2.2, contrast ratio.
function contrast(one, other) {
  const luminance = (colour) => { const [r, g, b] = linear(colour); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/// How others see linear colours: Machado, Oliveira and Fernandes 2009, severity 1.
const EYES = {
  most: (colour) => colour,
  'who sees no red': by([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
  'who sees no green': by([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
  'who sees no blue': by([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
};

function by(rows) {
  return (colour) => rows.map((row) => Math.min(1, Math.max(0, row.reduce((sum, weight, index) => sum + weight * colour[index], 0))));
}

/// Björn Ottosson, A perceptual color space for image processing, 2020.
function oklab([r, g, b]) {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (one, other) => Math.hypot(...one.map((part, index) => part - other[index]));
