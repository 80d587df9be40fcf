import type { MessageInitShape } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import { ExecService } from '../../src/protocol/gen/agentcompose/v2/exec_pb.js';
import { RunService, type AttachAgentRunRequestSchema } from '../../src/protocol/gen/agentcompose/v2/runs_pb.js';
import { attachTo } from '../support/agentCompose/attachedCommand.ts';
import { transportTo } from '../support/agentCompose/wires.ts';
import { containerHost } from '../support/containerHost.ts';
import { dockerUnderTest } from '../support/docker.ts';

const docker = dockerUnderTest();
const { host, image } = docker.kind === 'there' ? docker : { host: '', image: '' };

describe.runIf(docker.kind === 'there')('a command in a container', () => {
  test('is talked with while it runs, in a terminal that is resized and interrupted', async () => {
    const { home, run } = await containerHost({ host, image, script: 'cat' });
    const target = { case: 'sandboxId', value: await run('Begin') } as const;
    const exec = createClient(ExecService, transportTo({ home }, 'gRPC'));

    const asking = { command: 'pwd; printf "name? "; read name; echo "hi $name"; cat; echo over' };
    const talk = attachTo(exec, { request: { target, command: asking }, attachStdin: true });
    await talk.until('name? ');
    talk.type('Jane\n');
    await talk.until('hi Jane\n');
    talk.type('more\n');
    await talk.until('more\n');
    talk.tell({ case: 'stdinEof', value: {} });
    expect(await talk.result()).toMatchObject({
      success: true,
      execResult: { stdout: '/workspace\nname? hi Jane\nmore\nover\n' },
    });

    const measuring =
      'stty size; until test "$(stty size)" = "40 120"; do sleep 0.05; done; test -t 1 && echo terminal; read b; exit 7';
    const terminal = attachTo(exec, {
      request: { target, command: { command: measuring } },
      attachStdin: true,
      tty: true,
      terminalSize: { rows: 30, cols: 100 },
    });
    await terminal.until(/^30 100\r\n/);
    terminal.tell({ case: 'resize', value: { terminalSize: { rows: 40, cols: 120 } } });
    await terminal.until('terminal\r\n');
    terminal.type('\r');
    expect(await terminal.result()).toMatchObject({ success: false, exitCode: 7 });

    const endless = { target, command: { command: 'echo on; exec cat' } };
    const interrupted = attachTo(exec, { request: endless, attachStdin: true, tty: true });
    await interrupted.until('on\r\n');
    // Shells lose what interrupts them while they start a program: it answers first.
    interrupted.type('there?\r');
    await interrupted.until('there?\r\nthere?\r\n');
    interrupted.type('\x03');
    expect(await interrupted.result()).toMatchObject({ success: false });

    // A command that comes with a sandbox of its own is the same.
    const { projects } = await (await home.connect()).projects.listProjects({});
    const request = { projectId: projects[0]?.id ?? '', agentName: 'dev', command: 'read a; echo "$a in $PWD"; cat' };
    const ofAgent = createClient(RunService, transportTo({ home }, 'gRPC')).attachAgentRun(
      (async function* (): AsyncGenerator<MessageInitShape<typeof AttachAgentRunRequestSchema>> {
        yield { frame: { case: 'start', value: { request, attachStdin: true } } };
        yield { frame: { case: 'stdin', value: { data: Buffer.from('one\ntwo\n') } } };
        yield { frame: { case: 'stdinEof', value: {} } };
      })(),
    );
    const frames = [];
    for await (const { frame } of ofAgent) frames.push(frame);
    expect(frames.at(-1)).toMatchObject({ case: 'result', value: { output: 'one in /workspace\ntwo\n' } });
  });
});
