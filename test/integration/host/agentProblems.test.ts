import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RecordedEvent } from '../../../src/core/events/domainEvent.js';
import { ProviderRegistries } from '../../../src/core/agents/providerRegistries.js';
import { AgentProblems } from '../../../src/host/environment/agentProblems.js';
import { countingIds } from '../../support/ids.js';
import { agentOf, specOf } from '../../support/projectSpecs.ts';
import { seedProject } from '../../support/seed.ts';
import { openTestStore } from '../../support/sqliteStore.ts';
import { tempDirectory } from '../../support/tempDirectory.ts';

function machine() {
  const folder = join(tempDirectory(), 'bin');
  mkdirSync(folder);
  let now = 0;
  const clientPath = { value: '' };
  const shell: { known: Readonly<Record<string, string>> | undefined; trouble: string | undefined } = {
    known: { PATH: folder },
    trouble: undefined,
  };
  const problems = new AgentProblems({
    shell,
    providers: new ProviderRegistries(provider => provider),
    clientPath: () => clientPath.value,
    now: () => now,
  });
  return {
    problems,
    clientPath,
    shell,
    pass: (ms: number): void => void (now += ms),
    install(name: string): void {
      writeFileSync(join(folder, name), '#!/bin/sh\n');
      chmodSync(join(folder, name), 0o755);
    },
    of(text: string, name = 'dev'): string {
      const spec = specOf(text);
      return problems.of(spec, agentOf(spec, name));
    },
  };
}

describe('what keeps an agent from working', () => {
  test.each(['claude', 'codex', 'gemini', 'opencode'])('a missing %s is named with how to install it', provider => {
    expect(machine().of(`agents: {dev: {provider: ${provider}}}`)).toMatch(
      new RegExp(`"${provider}" was not found.*[Ii]nstall`),
    );
    const other = machine();
    other.install(provider);
    expect(other.of(`agents: {dev: {provider: ${provider}}}`)).toBe('');
  });

  test('a login shell that did not tell its PATH is named beside what was not found on the plain one', () => {
    const { of, shell } = machine();
    shell.trouble = '/bin/zsh did not tell its environment';
    expect(of('agents: {dev: {provider: claude}}')).toMatch(
      /that every system has: your login shell \/bin\/zsh did not/,
    );
  });

  test('a CLI that was just installed shows within a minute', () => {
    const { of, install, pass } = machine();
    const text = 'agents: {dev: {provider: claude}}';
    expect(of(text)).not.toBe('');
    install('claude');
    pass(60_000);
    expect(of(text)).toBe('');
  });

  test.each([
    ['the built-in demonstration', 'agents: {dev: {provider: demo}}'],
    ['an agent with a PATH of its own', 'agents: {dev: {provider: claude, env: {PATH: /opt/bin}}}'],
    ['a command in the worktree', 'providers: {mine: {command: ./tool}}\nagents: {dev: {provider: mine}}'],
  ])('%s is not judged', (_, text) => {
    expect(machine().of(text)).toBe('');
  });

  test('nothing is said before the login shell has answered', () => {
    const { of, shell } = machine();
    shell.known = undefined;
    expect(of('agents: {dev: {provider: claude}}')).toBe('');
  });

  test('a container without an image is a problem, too; what is in an image is seen later', () => {
    expect(machine().of('agents: {dev: {provider: claude, driver: {docker: {}}}}')).toContain('names no image');
    expect(machine().of('agents: {dev: {provider: claude, image: agents, driver: {docker: {}}}}')).toBe('');
  });
});

test('clients hear of it when it changes, and only then', () => {
  const { problems, install } = machine();
  const opened = openTestStore();
  onTestFinished(() => opened.dispose());
  const ids = countingIds();
  const project = seedProject(opened.store, ids, specOf('agents: {dev: {provider: claude}}'));
  seedProject(opened.store, ids, specOf('agents: {dev: {provider: demo}}'), '/other/agent-compose.yml');
  const heard: RecordedEvent['event'][] = [];
  opened.store.onDidCommit(events => heard.push(...events.map(({ event }) => event)));
  problems.tellChanges(opened.store, 1);
  problems.tellChanges(opened.store, 2);
  expect(heard).toEqual([{ kind: 'project_changed', projectId: project.id }]);
  install('claude');
  problems.tellChanges(opened.store, 3);
  expect(heard).toHaveLength(2);
});

test('a CLI that the last client found is not missing', () => {
  const { of, clientPath } = machine();
  const elsewhere = machine();
  elsewhere.install('claude');
  clientPath.value = elsewhere.shell.known?.['PATH'] ?? '';
  expect(of('agents: {dev: {provider: claude}}')).toBe('');
});
