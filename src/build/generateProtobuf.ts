import { readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { listFiles, removeOthers, replaceFile } from './files.ts';
import { inRepository } from './paths.ts';
import { runCommand } from './runCommand.ts';

const generated = 'src/protocol/gen';
/** Which packages each of buf's templates makes. */
const templates = new Map([
  ['buf.gen.yaml', ['muster']],
  ['buf.gen.agentcompose.yaml', ['agentcompose', 'grpc', 'health']],
]);

/** Each `.proto` below `src/protocol` → `src/protocol/gen`, with no network: compiler and plugin are dev dependencies. */
export async function generateProtobuf(): Promise<void> {
  for (const [template, packages] of templates) await generate(template, packages);
}

async function generate(template: string, packages: readonly string[]): Promise<void> {
  // Into a folder of its own first: only what changed is touched, so that nothing misses a file while this runs.
  const staging = join('out', `protobuf-${process.pid}`);
  const binaries = inRepository('node_modules', '.bin');
  const compiler = inRepository('node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  const paths = packages.flatMap(name => ['--path', name]);
  const output = ['--template', template, '--output', inRepository(staging)];
  try {
    await runCommand(process.execPath, [compiler, 'generate', ...output, ...paths], {
      cwd: inRepository('src', 'protocol'),
      env: { ...process.env, PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    for (const name of packages) {
      const written: string[] = [];
      for (const file of await listFiles(`${staging}/gen/${name}`)) {
        const target = file.replace(`${staging}/gen`, generated);
        await replaceFile(target, await readFile(inRepository(file)));
        written.push(target);
      }
      await removeOthers(`${generated}/${name}`, written);
    }
  } finally {
    await rm(inRepository(staging), { recursive: true, force: true });
  }
}
