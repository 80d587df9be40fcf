import { describe, expect, it } from 'vitest';
import type { CommandRequest } from '../../../../src/core/agents/provider.js';
import { createUserProvider, type UserProviderDefinition } from '../../../../src/core/agents/providers/userDefined.js';
import { concludingDigest, digestEvent, emptyDigest } from '../../../../src/core/runs/runDigest.js';

const base: UserProviderDefinition = { command: 'mine', args: [], input: 'stdin', output: { format: 'text' } };
const request: CommandRequest = { prompt: 'Do it', permissions: 'auto', args: [], runDir: '/runs/r1', asRoot: false };

const commandOf = (definition: Partial<UserProviderDefinition>, changes: Partial<CommandRequest> = {}) =>
  createUserProvider('mine', { ...base, ...definition }).command({ ...request, ...changes });

/** What a run comes to that prints this and ends well. */
function outcome(output: UserProviderDefinition['output'], lines: readonly string[]) {
  const provider = createUserProvider('mine', { ...base, output });
  const digest = lines.flatMap(line => provider.parse(line)).reduce(digestEvent, emptyDigest);
  return { conversation: digest.conversation, ...provider.conclude({ code: 0 }, concludingDigest(digest, '')) };
}

describe('templates in arguments', () => {
  const args = ['--model', '{{model}}', '--resume={{conversation}}', 'run', '{{prompt_file}}'];

  it('are replaced', () => {
    expect(commandOf({ args }, { model: 'm1', conversation: 'c1' }).argv).toEqual([
      'mine',
      '--model',
      'm1',
      '--resume=c1',
      'run',
      '/runs/r1/prompt.txt',
    ]);
  });

  it('without a value drop with the option in front of them', () => {
    expect(commandOf({ args }).argv).toEqual(['mine', 'run', '/runs/r1/prompt.txt']);
  });

  it('without a value leave a word in front of them alone', () => {
    expect(commandOf({ args: ['exec', '{{conversation}}', '-'] }).argv).toEqual(['mine', 'exec', '-']);
  });

  it('are not looked for in values', () => {
    expect(commandOf({ args: ['{{model}}'] }, { model: '{{prompt_file}}' }).argv).toEqual(['mine', '{{prompt_file}}']);
  });
});

describe('the prompt', () => {
  it('is standard input, a file, or the last argument', () => {
    expect(commandOf({ input: 'stdin' })).toMatchObject({ argv: ['mine'], stdin: 'prompt' });
    expect(commandOf({ input: 'file', args: ['{{prompt_file}}'] })).toMatchObject({
      argv: ['mine', '/runs/r1/prompt.txt'],
      stdin: 'none',
    });
    expect(commandOf({ input: 'arg' })).toMatchObject({ argv: ['mine', 'Do it'], stdin: 'none' });
  });

  it('as an argument stands where the definition puts it', () => {
    expect(commandOf({ input: 'arg', args: ['-p', '{{prompt}}', '--quiet'] }).argv).toEqual([
      'mine',
      '-p',
      'Do it',
      '--quiet',
    ]);
  });

  it('that is too long for an argument is refused, with the way out', () => {
    expect(() => commandOf({ input: 'arg' }, { prompt: 'x'.repeat(1_000_000) })).toThrowError(
      expect.objectContaining({ code: 'prompt.invalid', message: expect.stringContaining('input: stdin') as string }),
    );
  });

  it('has the system prompt in front', () => {
    expect(commandOf({}, { systemPrompt: 'Be kind.' }).prompt).toBe('Be kind.\n\nDo it');
  });
});

describe('output', () => {
  it('as text is the answer', () => {
    expect(outcome({ format: 'text' }, ['First', '', 'Second'])).toMatchObject({
      kind: 'succeeded',
      answer: 'First\n\nSecond',
    });
  });

  it('as JSON lines gives answer and conversation by dotted paths', () => {
    const output = { format: 'jsonl', result: 'item.content.0.text', conversation: 'session.id' } as const;
    const lines = [
      '{"session":{"id":17}}',
      'a stray line',
      '{"item":{"content":[{"text":"Early"}]}}',
      '{"item":{"content":[{"text":"Late"}]}}',
    ];
    expect(outcome(output, lines)).toEqual({ kind: 'succeeded', answer: 'Late', conversation: '17' });
  });

  it('as one JSON value may be on one line or on many', () => {
    const output = { format: 'json', result: 'reply', conversation: 'id' } as const;
    const value = { reply: 'Done', id: 'c9' };
    for (const lines of [[JSON.stringify(value)], JSON.stringify(value, undefined, 2).split('\n')]) {
      expect(outcome(output, lines)).toEqual({ kind: 'succeeded', answer: 'Done', conversation: 'c9' });
    }
  });

  it('that is not an answer at a path shows its JSON', () => {
    expect(outcome({ format: 'jsonl', result: 'a.b' }, ['{"a":{"b":{"c":1}}}'])).toMatchObject({ answer: '{"c":1}' });
    expect(outcome({ format: 'jsonl', result: 'a.b' }, ['{"a":null}'])).toMatchObject({ answer: '' });
  });
});

describe('a run that fails', () => {
  it('says what standard error said', () => {
    const provider = createUserProvider('mine', base);
    const digest = concludingDigest(emptyDigest, 'warming up\nmine: no such project\n');
    expect(provider.conclude({ code: 4 }, digest)).toEqual({
      kind: 'failed',
      reason: 'other',
      message: 'Provider mine failed: warming up mine: no such project.',
    });
  });

  it('without a word says how it ended', () => {
    const provider = createUserProvider('mine', base);
    const digest = concludingDigest(emptyDigest, '');
    expect(provider.conclude({ code: 4 }, digest)).toMatchObject({
      message: 'Provider mine failed: it ended with code 4 and said nothing.',
    });
    expect(provider.conclude({ signal: 'SIGSEGV' }, digest)).toMatchObject({
      reason: 'interrupted',
      message: 'Provider mine was interrupted: it was ended by SIGSEGV.',
    });
  });
});
