import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { provideNpmInstallation } from './npmInstallation.ts';

/** The coding CLIs that the end-to-end suite runs; their versions are those that the recorded transcripts come from. */
const packages = [
  '@anthropic-ai/claude-code@2.1.329',
  '@openai/codex@0.169.0',
  'opencode-ai@1.18.33',
  '@google/gemini-cli@0.61.0',
  '@zed-industries/codex-acp@0.16.0',
] as const;

const programs = ['claude', 'codex', 'opencode', 'gemini', 'codex-acp'] as const;

/** Makes sure that the real agent CLIs are installed; returns the folder that holds their programs. */
export async function provideAgents(): Promise<string> {
  const folder = await provideNpmInstallation({
    name: 'agents',
    packages,
    expect: 'about half a minute, once',
    works: async target => programs.every(program => existsSync(join(target, 'node_modules', '.bin', program))),
  });
  return join(folder, 'node_modules', '.bin');
}
