// Whether the page can be used with the keyboard alone.

/// More would be a page on which the focus goes round in circles.
const MOST_STOPS = 1_000;

/// Everything that can be used is reached by Tab, in the order in which it stands, and is seen to be reached; what is
/// folded unfolds, what is wide scrolls, and the first link leads past the others.
export async function operable({ page }) {
  const complaints = [];
  const wanted = await page.evaluate(() => {
    const usable = [...document.querySelectorAll('a[href], summary, .wide')].filter((element) => element.checkVisibility());
    usable.forEach((element, index) => { element.dataset.stop = index; });
    return usable.length;
  });
  const reached = [];
  await page.evaluate(() => document.body.focus());
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (!element || element === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { top, bottom, left, right } = element.getBoundingClientRect();
      return {
        stop: element.dataset.stop,
        name: `<${element.localName}> ${element.textContent.trim().slice(0, 30)}`,
        outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        seen: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
      };
    });
    if (!focus || (reached.length > 0 && focus.stop === reached[0])) break;
    if (focus.stop === undefined) complaints.push(`${focus.name} takes the focus for nothing`);
    if (!focus.outlined) complaints.push(`nothing shows that ${focus.name} has the focus`);
    if (!focus.seen) complaints.push(`${focus.name} has the focus outside the window`);
    reached.push(focus.stop);
  }
  const expected = Array.from({ length: wanted }, (_, index) => String(index));
  if (reached.join() !== expected.join()) complaints.push(`Tab reaches ${reached.length} things of ${wanted}: ${reached.join()}`);
  complaints.push(...(await unfolds(page)), ...(await scrolls(page)), ...(await skips(page)));
  return complaints;
}

async function unfolds(page) {
  const summary = page.locator('summary').first();
  if ((await summary.count()) === 0) return [];
  await summary.focus();
  await page.keyboard.press('Enter');
  const unfolded = await summary.evaluate((element) => element.parentElement.open);
  return unfolded ? [] : ['Enter unfolds nothing'];
}

async function scrolls(page) {
  const complaints = [];
  for (const wide of await page.locator('.wide').all()) {
    if (!(await wide.evaluate((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth))) continue;
    await wide.focus();
    await page.keyboard.press('ArrowRight');
    const scrolled = page.waitForFunction((element) => element.scrollLeft > 0, await wide.elementHandle(), { timeout: 2_000 });
    await scrolled.catch(() => complaints.push('the right arrow scrolls nothing'));
  }
  return complaints;
}

async function skips(page) {
  await page.locator('a.skip').focus();
  await page.keyboard.press('Enter');
  const where = await page.evaluate(() => location.hash);
  return where === '#main' ? [] : [`the first link leads to ${where}`];
}
