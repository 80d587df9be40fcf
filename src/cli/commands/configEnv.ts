import { ownValue } from '../../base/ownValue.js';
import { defineCommand } from '../command.js';
import { composeVariables, type ComposeVariable } from '../output/compose/composeVariables.js';
import { printRows } from '../output/projectReport.js';

const words: Readonly<Record<ComposeVariable['here'], string>> = {
  used: 'used',
  instead: 'use instead',
  nothing: 'means nothing',
};

export const configEnv = defineCommand({
  name: 'config env',
  summary: 'tell what becomes of each environment variable of agent-compose',
  options: { set: { type: 'boolean', text: 'only those that are set here' } },
  details: 'It needs no host, and prints no values.',
  run({ out, json, env }, args) {
    const all = composeVariables.map(variable => ({ ...variable, set: (ownValue(env, variable.name) ?? '') !== '' }));
    const shown = args.flag('set') ? all.filter(({ set }) => set) : all;
    if (json) out.json({ variables: shown });
    else if (shown.length === 0) out.line('None of agent-compose’s variables is set here.');
    else {
      const rows = shown.map(({ name, here, how, set }) => [set ? `${name} (set)` : name, words[here], how]);
      printRows(out, [['VARIABLE', 'HERE', 'HOW'], ...rows]);
    }
    return Promise.resolve(0);
  },
});
