import type { Figure } from '../../src/build/benchFigures.ts';
import { completions } from '../../src/compose/editor/completions.js';
import { readSource } from '../../src/compose/editor/composeSource.js';
import { parseCompose } from '../../src/compose/parseCompose.js';
import { readYaml } from '../../src/compose/source/readYaml.js';

const agent = (index: number): string =>
  `  agent-${index}:\n    provider: claude\n    model: sonnet\n    system_prompt: |\n      You are careful.\n` +
  `    env: {LEVEL: debug}\n    timeout: 10m\n    workspace: {base: main}\n    scheduler:\n      triggers: [{cron: "0 9 * * 1-5"}]\n`;
const file = (agents: number): string =>
  `name: bench\nagents:\n${Array.from({ length: agents }, (_, index) => agent(index)).join('')}`;

const oneAgent = 'agents: {a: {provider: claude}}\n';
/** Files that nobody writes and somebody may open: what they cost grows with their length and no faster. Characters. */
const hostile = [15_000, 150_000, 1_500_000].flatMap(length => [
  { name: `blank lines, ${length / 1000} k characters`, text: `${oneAgent}${'\n'.repeat(length)}` },
  {
    name: `small agents, ${length / 1000} k characters`,
    text: `agents:\n${Array.from({ length: length / 15 }, (_, at) => `  a${String(at).padStart(7, '0')}: {}\n`).join('')}`,
  },
]);

/** What a keystroke in a long compose file costs, and a very large crew. */
export async function measure(): Promise<readonly Figure[]> {
  const thousandAgents = file(1000);
  const thousandLines = `${file(100).split('\n').slice(0, 1000).join('\n')}\n`;
  const options = { directoryName: 'bench', env: () => undefined };
  const cold = middle(1, () => parseCompose(thousandLines, options));
  const parse = middle(15, () => parseCompose(thousandLines, options));
  const yaml = middle(15, () => readYaml(thousandLines));
  const large = middle(5, () => parseCompose(thousandAgents, options));
  const complete = middle(15, () => completions(readSource(`${thousandLines}    `), thousandLines.length + 4));
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 5 }, () => parseCompose(thousandAgents, options).spec);
  const memory = Math.max(0, (process.memoryUsage().heapUsed - before) / kept.length / 1e6);
  const strange = hostile.map(({ name, text }) => ({
    name: `compose parse, ${name}`,
    value: middle(3, () => parseCompose(text, options)),
    unit: 'ms',
  }));
  return [
    ...strange,
    { name: 'compose diagnostics, 1,000 lines, first time', value: cold, unit: 'ms' },
    {
      name: 'compose diagnostics, 1,000 lines',
      value: parse,
      unit: 'ms',
      budget: 50,
      note: `the YAML library alone ${yaml.toFixed(1)} ms`,
    },
    { name: 'compose completion, 1,000 lines', value: complete, unit: 'ms', budget: 50 },
    {
      name: 'compose parse and validate, 1,000 agents',
      value: large,
      unit: 'ms',
      note: `${(thousandAgents.length / 1000).toFixed(0)} kB`,
    },
    {
      name: 'compose memory, parsing 1,000 agents',
      value: memory,
      unit: 'MB',
      note: 'heap per file before collection',
    },
  ];
}

/** Median of a few runs, in milliseconds. */
function middle(runs: number, work: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).toSorted((a, b) => a - b);
  return times[times.length >> 1] ?? 0;
}
