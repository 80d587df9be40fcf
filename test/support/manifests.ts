import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import { inRepository } from '../../src/build/paths.ts';

/** The objects of a folder for `kubectl apply --kustomize`, in a namespace of a test. */
export function manifestsIn(folder: string, namespace: string): readonly KubernetesObject[] {
  const read = (name: string): string => readFileSync(join(inRepository(folder), name), 'utf8');
  const { resources } = parse(read('kustomization.yaml')) as { resources: string[] };
  return resources
    .flatMap(name => parseAllDocuments(read(name)).map(each => each.toJS() as KubernetesObject))
    .map(each => ({ ...each, metadata: { name: each.metadata?.name ?? '', namespace } }));
}
