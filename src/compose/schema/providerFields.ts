import { envValue, texts } from './commonFields.js';
import type { MappingShape, ShapeValue } from './shape.js';
import { dictionary, field, mapping, oneOf, text } from './shape.js';

export const permissionValues: readonly ShapeValue[] = [
  { value: 'confined', doc: "The command's own sandbox, or edits only." },
  {
    value: 'ask',
    doc: 'Each risky step waits for a person: Claude Code, Gemini CLI, OpenCode, and Codex with codex-acp.',
  },
  { value: 'auto', doc: 'Everything is allowed. Outside a container a person has to consent.' },
];

const OUTPUT = 'providers:\n  mine:\n    command: my-agent\n    output:\n      ';

/** `providers.<name>`. */
export const userProvider: MappingShape = mapping({
  command: field(
    text({ nonEmpty: true }),
    'The program, found through `PATH` or given as a path.',
    'command: my-agent',
    {
      required: true,
      era: 'muster',
    },
  ),
  args: field(
    texts,
    'Its arguments. `{{model}}`, `{{prompt_file}}`, `{{conversation}}` and, with `input: arg`, `{{prompt}}` are replaced; an argument whose value is missing is left out, together with the option before it.',
    'command: my-agent\nargs: [--model, "{{model}}", --resume, "{{conversation}}"]',
    { era: 'muster' },
  ),
  env: field(
    dictionary('variable', 'MY_AGENT_MODE', envValue),
    'Environment variables for it.',
    'command: my-agent\nenv:\n  MY_AGENT_MODE: batch',
    {
      era: 'muster',
      interpolated: true,
    },
  ),
  input: field(
    oneOf([
      { value: 'stdin', doc: 'The prompt is written to standard input.' },
      { value: 'file', doc: 'The prompt is in a file; put `{{prompt_file}}` into `args`.' },
      {
        value: 'arg',
        doc: 'The prompt is the last argument, or stands where `{{prompt}}` does. Every user of the machine can read it there.',
      },
    ]),
    'How the prompt reaches the program.',
    'command: my-agent\nargs: ["{{prompt_file}}"]\ninput: file',
    { era: 'muster', fallback: 'stdin' },
  ),
  output: field(
    mapping({
      format: field(
        oneOf([
          { value: 'text', doc: 'Everything on standard output is the reply.' },
          { value: 'json', doc: 'One JSON value.' },
          { value: 'jsonl', doc: 'One JSON value per line.' },
        ]),
        'What standard output holds.',
        `${OUTPUT}format: jsonl`,
        { era: 'muster', fallback: 'text' },
      ),
      result: field(
        text({ nonEmpty: true }),
        'Dotted path to the reply inside the JSON.',
        `${OUTPUT}format: json\n      result: message.text`,
        { era: 'muster' },
      ),
      conversation: field(
        text({ nonEmpty: true }),
        'Dotted path to the id with which the conversation is continued.',
        `${OUTPUT}format: json\n      conversation: session_id`,
        { era: 'muster' },
      ),
    }),
    'How its output is read.',
    'command: my-agent\noutput:\n  format: json\n  result: reply',
    { era: 'muster', fallback: '`{format: text}`' },
  ),
  permissions: field(
    oneOf(permissionValues),
    'What the program may do, for all agents that use it.',
    'command: my-agent\npermissions: auto',
    {
      era: 'muster',
    },
  ),
  models: field(texts, 'Names to propose for `model`.', 'command: my-agent\nmodels: [small, large]', { era: 'muster' }),
});
