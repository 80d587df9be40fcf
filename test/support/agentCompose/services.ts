import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { inRepository } from '../../../src/build/paths.ts';
import { HealthService } from '../../../src/protocol/gen/health/v1/health_pb.js';

/** Every service of agent-compose's API, of both generations. */
export async function theirServices(): Promise<readonly DescService[]> {
  return [...(await servicesIn('agentcompose/v1', 'agentcompose/v2')), HealthService];
}

/** Every service of our own. */
export async function ourServices(): Promise<readonly DescService[]> {
  return await servicesIn('muster/v1');
}

async function servicesIn(...packages: readonly string[]): Promise<readonly DescService[]> {
  const files = packages.flatMap(name => {
    const folder = inRepository('src/protocol/gen', name);
    return readdirSync(folder).flatMap(file => (/(?<!\.d)\.[jt]s$/.test(file) ? join(folder, file) : []));
  });
  const modules = await Promise.all(files.map(file => import(file) as Promise<Record<string, unknown>>));
  const values = modules.flatMap(module => Object.values(module)) as { readonly kind?: string }[];
  return values.filter(({ kind }) => kind === 'service') as DescService[];
}
