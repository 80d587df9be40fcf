import { layers } from './layers.mjs';

export interface Violation {
  /** Where the offending file is written, relative to the copy. */
  readonly file: string;
  readonly code: string;
  /** The rule that must complain. */
  readonly rule: string;
}

/** Offending files: for each row of the table everything it forbids, and the ways of importing that a tool may overlook. */
export function listViolations(): readonly Violation[] {
  return [...Object.keys(layers).flatMap(violationsOf), ...special];
}

/** One module per layer that a plant can import; written beside the plants. */
export function targetOf(layer: string): string {
  return `${layer}/plantTarget.ts`;
}

function violationsOf(layer: string): readonly Violation[] {
  const row = layers[layer];
  if (!row) throw new Error(`no layer ${layer}`);
  const rule = layer.replaceAll('/', '-');
  const allowed = [layer, ...row.may];
  const reaches = (other: string) => allowed.some(path => other === path || other.startsWith(`${path}/`));
  const violations: Violation[] = Object.keys(layers)
    .filter(other => !reaches(other))
    .map((other, index) => ({
      file: `${layer}/plantLayer${index}.ts`,
      code: `import type { Target } from '${relativeImport(layer, targetOf(other))}';\nexport type X = Target;\n`,
      rule: `${rule}-imports-only-its-layers`,
    }));
  violations.push({
    file: `${layer}/plantPackage.ts`,
    code: `import { test } from 'vitest';\nexport const x = test;\n`,
    rule: `${rule}-packages`,
  });
  if (!row.npm.includes('vscode')) violations.push(...vscodeIn(layer, rule));
  if (!row.node) {
    violations.push({
      file: `${layer}/plantNode.ts`,
      code: `import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n`,
      rule: `${rule}-no-node`,
    });
  }
  return violations;
}

function vscodeIn(layer: string, rule: string): readonly Violation[] {
  const ways = {
    Value: `import * as vscode from 'vscode';\nexport const x = vscode.version;\n`,
    Type: `import type { Uri } from 'vscode';\nexport type X = Uri;\n`,
    Inline: `export type X = import('vscode').Uri;\n`,
  };
  return Object.entries(ways).map(([way, code]) => ({
    file: `${layer}/plantVscode${way}.ts`,
    code,
    rule: `${rule}-packages`,
  }));
}

function relativeImport(fromLayer: string, to: string): string {
  return `${fromLayer.split('/').fill('..').join('/')}/${to.replace(/\.ts$/, '.js')}`;
}

const special: readonly Violation[] = [
  {
    file: 'src/core/plantDynamic.ts',
    code: `export const x = () => import('../drivers/sqlite/plantTarget.js');\n`,
    rule: 'src-core-imports-only-its-layers',
  },
  {
    file: 'src/core/plantComposeValue.ts',
    code: `import { target } from '../compose/projectSpec.js';\nexport const x = target;\n`,
    rule: 'src-core-only-types-of-src-compose-projectSpec.ts',
  },
  {
    file: 'src/misc/plantUnlisted.ts',
    code: `import type { Target } from '../base/plantTarget.js';\nexport type X = Target;\n`,
    rule: 'file-belongs-to-a-layer',
  },
  {
    file: 'src/core/plantCycleA.ts',
    code: `import type { B } from './plants/cycle.js';\nexport type A = B;\n`,
    rule: 'no-cycles',
  },
  {
    file: 'src/host/plantEntry.ts',
    code: `import './plants/main.js';\n`,
    rule: 'nobody-imports-an-entry-point',
  },
  {
    file: 'src/drivers/git/plantSpawn.ts',
    code: `import { spawn } from 'node:child_process';\nexport const x = spawn;\n`,
    rule: 'only-git-command-spawns-git',
  },
  {
    file: 'src/host/api/plantDriver.ts',
    code: `import type { Target } from '../../drivers/sqlite/plantTarget.js';\nexport type X = Target;\n`,
    rule: 'host-api-reaches-no-driver',
  },
  {
    file: 'src/host/compat/plantCore.ts',
    code: `import type { Target } from '../../core/plantTarget.js';\nexport type X = Target;\n`,
    rule: 'host-compat-goes-through-our-calls',
  },
  {
    file: 'src/core/plantAllStores.ts',
    code: `import type { Stores } from './stores.js';\nexport type X = Stores;\n`,
    rule: 'core-names-the-stores-it-uses',
  },
];
