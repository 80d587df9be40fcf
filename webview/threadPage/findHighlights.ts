/**
 * Marks what *Find* found in the rows that are drawn, without touching their elements: VS Code's own find widget sees only
 * those rows, and knows nothing of the others.
 */

const all = 'muster-find';
const current = 'muster-find-current';

/** Places of a text below an element, in order; a text may go over several elements, as in coloured code. */
export function rangesOf(root: Element, query: string): readonly Range[] {
  const nodes: { readonly node: Text; readonly start: number }[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let text = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text)) continue;
    nodes.push({ node, start: text.length });
    text += node.data;
  }
  const wanted = query.toLowerCase();
  const lower = text.toLowerCase();
  // Letters whose lower case is longer would shift every place behind them.
  if (wanted === '' || lower.length !== text.length) return [];
  const ranges: Range[] = [];
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
    const range = document.createRange();
    const from = nodes.findLast(({ start }) => start <= at);
    const to = nodes.findLast(({ start }) => start < at + wanted.length);
    if (!from || !to) continue;
    range.setStart(from.node, at - from.start);
    range.setEnd(to.node, at + wanted.length - to.start);
    ranges.push(range);
  }
  return ranges;
}

/** Replaces what is marked. */
export function mark(ranges: readonly Range[], currentRange: Range | undefined): void {
  CSS.highlights.set(all, new Highlight(...ranges.filter(range => range !== currentRange)));
  if (currentRange) CSS.highlights.set(current, new Highlight(currentRange));
  else CSS.highlights.delete(current);
}

/** Takes the marks away. */
export function unmark(): void {
  CSS.highlights.delete(all);
  CSS.highlights.delete(current);
}
