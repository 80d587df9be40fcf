import { jsonObject } from '../../../base/jsonObject.js';
import { ownValue } from '../../../base/ownValue.js';
import { AppError } from '../../../base/errors.js';
import type { ProviderSpec } from '../../../compose/projectSpec.js';
import type { AgentEvent } from '../agentEvent.js';
import type { CommandRequest, Provider } from '../provider.js';
import { concludeRun, type CliFacts } from './conclusion.js';
import { dotPath } from './dotPath.js';
import { facadeVariables } from './facadeBase.js';
import { promptWithInstructions } from './systemPrompt.js';

/** What a compose file says of a CLI that Muster does not know. */
export type UserProviderDefinition = Pick<ProviderSpec, 'command' | 'args' | 'input' | 'output'>;

/** Linux takes at most 128 KiB in one argument. */
const maxArgument = 100_000;

/** A provider made of a compose file's definition. */
export function createUserProvider(name: string, definition: UserProviderDefinition): Provider {
  const cli: CliFacts = {
    title: `Provider ${name}`,
    fix: {
      install: `Install \`${definition.command}\`, or correct \`providers.${name}.command\` in the compose file.`,
      login: `Log in with \`${definition.command}\` as its own documentation says.`,
    },
    alwaysSaysResult: false,
  };
  return {
    name,
    fix: cli.fix,
    builtIn: false,
    command(request) {
      const prompt = promptWithInstructions(request);
      return {
        argv: [definition.command, ...fillArguments(definition, request, prompt ?? request.prompt), ...request.args],
        env: request.facade ? facadeVariables(request.facade) : {},
        stdin: definition.input === 'stdin' ? 'prompt' : 'none',
        ...(prompt === undefined ? {} : { prompt }),
      };
    },
    parse: line => parseOutput(definition.output, line),
    conclude(exit, digest) {
      const conclusion = concludeRun(exit, digest, cli);
      if (conclusion.kind === 'failed' || digest.sawResult) return conclusion;
      const answer = conclusion.answer.trim();
      // A value over several lines is complete only now.
      const whole = definition.output.format === 'json' ? readJson(definition.output, answer) : undefined;
      return { kind: 'succeeded', answer, ...whole };
    },
  };
}

function fillArguments(definition: UserProviderDefinition, request: CommandRequest, prompt: string): readonly string[] {
  const values: Readonly<Record<string, string | undefined>> = {
    model: request.model,
    conversation: request.conversation,
    prompt_file: `${request.runDir}/prompt.txt`,
    prompt: definition.input === 'arg' ? argument(prompt) : undefined,
  };
  const filled: string[] = [];
  for (const template of definition.args) {
    const missing = [...template.matchAll(templates)].some(([, key = '']) => ownValue(values, key) === undefined);
    if (!missing) {
      filled.push(template.replace(templates, (_, key: string) => ownValue(values, key) ?? ''));
    } else if (isOnlyTemplate(template) && filled.at(-1)?.startsWith('-') && !filled.at(-1)?.includes('=')) {
      filled.pop();
    }
  }
  const promptIsPlaced = definition.args.some(template => template.includes('{{prompt}}'));
  if (definition.input === 'arg' && !promptIsPlaced) filled.push(argument(prompt));
  return filled;
}

const templates = /\{\{\s*(model|conversation|prompt_file|prompt)\s*\}\}/g;

function isOnlyTemplate(template: string): boolean {
  return template.replace(templates, '').trim() === '';
}

function argument(prompt: string): string {
  if (prompt.length <= maxArgument) return prompt;
  throw new AppError(
    'prompt.invalid',
    `The prompt has ${prompt.length} characters; with \`input: arg\` at most ${maxArgument} fit. Use \`input: stdin\` or \`input: file\`.`,
    { reason: 'too long for an argument' },
  );
}

function parseOutput(output: Output, line: string): readonly AgentEvent[] {
  // Lines are pieces of one text: the answer, or a JSON value that is printed over several lines.
  const piece: AgentEvent = { kind: 'text', text: `${line}\n`, delta: true, plain: true };
  if (output.format === 'text') return [piece];
  const found = readJson(output, line);
  if (found === undefined) {
    if (output.format === 'json') return [piece];
    return line.trim() === '' ? [] : [{ kind: 'raw', text: line }];
  }
  return [
    ...(found.conversation === undefined ? [] : [{ kind: 'conversation', id: found.conversation } as const]),
    ...(found.answer === undefined ? [] : [{ kind: 'result', text: found.answer } as const]),
  ];
}

type Output = UserProviderDefinition['output'];

interface Found {
  readonly answer?: string;
  readonly conversation?: string;
}

/** What the definition's paths lead to; undefined when the text is not JSON. */
function readJson(output: Output, text: string): Found | undefined {
  // A lone number or brace line of a longer value is no output of its own.
  const value = jsonObject(text);
  if (value === undefined) return undefined;
  const conversation = output.conversation === undefined ? undefined : scalarText(dotPath(value, output.conversation));
  const answer = output.result === undefined ? undefined : answerText(dotPath(value, output.result));
  return { ...(answer === undefined ? {} : { answer }), ...(conversation === undefined ? {} : { conversation }) };
}

function scalarText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function answerText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
