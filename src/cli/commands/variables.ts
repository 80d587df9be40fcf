import { defineCommand } from '../command.js';
import { readPassword } from '../options/readPassword.js';
import { printRows } from '../output/projectReport.js';
import { optional } from '../output/wireJson.js';

export const variableSet = defineCommand({
  name: 'variable set',
  summary: 'give every run of this host a variable',
  positionals: [
    { name: 'name', required: true },
    { name: 'value', required: false },
  ],
  options: { secret: { type: 'boolean', text: 'hide it in what runs say, and show it to nobody' } },
  details:
    'Without a value it is asked for, or read from standard input: a secret does not belong on a command line, which others can see. What a compose file says of the same name wins. It counts for runs that begin from now on.',
  async run({ connect, stdin, signal, out, json }, args) {
    const name = args.required(0);
    const value = args.positionals[1] ?? (await readPassword(stdin, { question: `${name}: `, out, signal }));
    const client = await connect();
    const secret = args.flag('secret') || args.positionals[1] === undefined;
    await client.variables.setVariable({ name, value, secret }, { signal });
    if (json) out.json({ name, secret });
    else out.line(`${name} is set${secret ? ', as a secret' : ''}.`);
    return 0;
  },
});

export const variableList = defineCommand({
  name: 'variable ls',
  summary: 'list the variables that every run of this host has',
  async run({ repeatable, signal, out, json }) {
    const { variables } = await repeatable(client => client.variables.listVariables({}, { signal }));
    if (json)
      out.json({
        variables: variables.map(({ name, value, secret }) => ({
          name,
          secret,
          ...optional({ value: secret ? undefined : value }),
        })),
      });
    else
      printRows(out, [
        ['NAME', 'VALUE'],
        ...variables.map(({ name, value, secret }) => [name, secret ? 'secret' : value]),
      ]);
    return 0;
  },
});

export const variableRemove = defineCommand({
  name: 'variable rm',
  summary: 'take a variable from the runs of this host',
  positionals: [{ name: 'name', required: true }],
  async run({ connect, signal, out, json }, args) {
    const name = args.required(0);
    const client = await connect();
    const { removed } = await client.variables.removeVariable({ name }, { signal });
    if (json) out.json({ name, removed });
    else out.line(removed ? `${name} is gone.` : `There was no ${name}.`);
    return 0;
  },
});
