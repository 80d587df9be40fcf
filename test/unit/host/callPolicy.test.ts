import { readdirSync } from 'node:fs';
import type { DescFile } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { inRepository } from '../../../src/build/paths.ts';
import { policyOf } from '../../../src/host/server/callPolicy.js';

const folder = inRepository('src', 'protocol', 'gen', 'muster', 'v1');

async function everyMethod(): Promise<ReadonlyMap<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for (const name of readdirSync(folder)) {
    const module: Readonly<Record<string, unknown>> = await import(`${folder}/${name}`);
    const file = Object.entries(module).find(([key]) => key.startsWith('file_'))?.[1] as DescFile;
    for (const service of file.services)
      for (const method of service.methods) found.set(`${service.name}.${method.name}`, policyOf(method));
  }
  return found;
}

test('every method of the protocol says who may call it', async () => {
  const methods = await everyMethod();
  expect(methods.size).toBeGreaterThan(25);
  expect([...methods].filter(([, policy]) => policy === undefined)).toEqual([]);
});

test('what ends, removes, approves, merges or applies is for people', async () => {
  const methods = await everyMethod();
  const changing = /\.(Abandon|Apply|Approve|Close|Reopen|Remove|Restore|Review|Request|CancelMerge|Shutdown|Refresh)/;
  const names = [...methods.keys()].filter(name => changing.test(name));
  expect(names.length).toBeGreaterThanOrEqual(11);
  for (const name of names) expect([name, methods.get(name)]).toEqual([name, 'person']);
});
