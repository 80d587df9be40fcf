import type { DescMethod } from '@bufbuild/protobuf';
import { connect, type ClientHttp2Session } from 'node:http2';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { ourServices, theirServices } from '../support/agentCompose/services.ts';
import { startDaemon } from '../support/daemon.ts';
import { buildPrograms, testHome, type Programs } from '../support/hostProcess.ts';

let programs: Programs;
beforeAll(async () => {
  programs = await buildPrograms();
});

/** What looks, in all three APIs. Written by hand: a method that is not in these lists is for who may work. */
const looks = [
  /^muster\.v1\.\w+\/(Get|List|Watch|Read|Follow|Count)\w*$/,
  /^muster\.v1\.(ScheduleService\/SimulateTriggers|ThreadService\/(Overview|DiffThread)|ImageService\/InspectImage|MergeService\/WaitMerge)$/,
  /^(agentcompose\.v[12]|health\.v1)\.\w+\/(Get|List|Watch|Inspect|Resolve|BatchGet)\w+$/,
  /^agentcompose\.v2\.\w+\/(StreamSchedulerRuns|StreamProjectSchedulerEvents|FollowRunLogs)$/,
  /^agentcompose\.v1\.AgentDefinitionService\/ValidateAgentDefinition$/,
  /^health\.v1\.HealthService\/Status$/,
];
/** What rules, though some of it only looks: at secrets, at files of the machine, at who may come in. */
const rules = [
  /^muster\.v1\.(AccessService|VariableService)\//,
  /^muster\.v1\.TopicService\/\w*WebhookSource/,
  /^muster\.v1\.ProjectService\/(Apply|Remove)Project$/,
  /^muster\.v1\.ImageService\/(Pull|Build|Remove)Image$/,
  /^agentcompose\.v2\.ProjectService\/(Validate|Apply|Patch|Remove)Project$/,
  /^agentcompose\.v[12]\.\w+\/(GetGlobalEnv|Update)\w*$/,
  /^agentcompose\.v[12]\.\w+\/\w+(WorkspacePreset|WorkspaceConfig)$/,
  /^agentcompose\.v2\.ImageService\/(Pull|Build|Remove)Image$/,
  /^agentcompose\.v2\.CacheService\/(Prune|Remove)Caches?$/,
  /^(agentcompose\.v2|muster\.v1)\.VolumeService\/(Create|Remove|Prune)Volumes?$/,
  /^agentcompose\.v[12]\.ConfigService\/(Create|Update|Delete)\w+$/,
];

type Scope = 'read' | 'operate' | 'admin';
const widths: readonly Scope[] = ['read', 'operate', 'admin'];

function needOf(path: string): Scope {
  if (rules.some(rule => rule.test(path))) return 'admin';
  return looks.some(look => look.test(path)) ? 'read' : 'operate';
}

function pathOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

test(
  'no method of the three APIs is answered to who shows nothing, or less than it needs',
  { timeout: 120_000 },
  async () => {
    const home = testHome(programs);
    const { url, token } = await startDaemon(home, '--listen', '127.0.0.1:0');
    const shown: readonly (readonly [Scope | 'nothing', Record<string, string>])[] = [
      ['nothing', {}],
      ['read', { authorization: `Bearer ${await token('--name', 'r', '--scope', 'read')}` }],
      ['operate', { authorization: `Bearer ${await token('--name', 'o', '--scope', 'operate')}` }],
    ];
    const session = connect(url);
    onTestFinished(() => session.destroy());
    const methods = [...(await ourServices()), ...(await theirServices())].flatMap(service => service.methods);
    expect(methods.length).toBeGreaterThan(200);
    const wrong: string[] = [];
    for (const method of methods) {
      const path = pathOf(method);
      for (const [scope, headers] of shown) {
        if (scope !== 'nothing' && widths.indexOf(scope) >= widths.indexOf(needOf(path))) continue;
        const code = await codeOf(session, method, headers);
        const expected = scope === 'nothing' ? 'unauthenticated' : 'permission_denied';
        if (code !== expected) wrong.push(`${path} for ${scope}: ${code}`);
      }
    }
    expect(wrong).toEqual([]);
  },
);

/** The code of a refusal, in the answer or at the end of a stream; over HTTP/2, which alone has all kinds of methods. */
async function codeOf(
  session: ClientHttp2Session,
  method: DescMethod,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const unary = method.methodKind === 'unary';
  const empty = Buffer.from('{}');
  const stream = session.request({
    ...headers,
    ':method': 'POST',
    ':path': `/${pathOf(method)}`,
    'content-type': unary ? 'application/json' : 'application/connect+json',
  });
  stream.end(unary ? empty : Buffer.concat([Buffer.from([0, 0, 0, 0, empty.length]), empty]));
  const chunks: Buffer[] = [];
  // A stream that is answered goes on: its first piece is enough to see that.
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    if (!/"error"|"code"/.test(Buffer.concat(chunks).toString()) && !unary) break;
  }
  const text = Buffer.concat(chunks).toString();
  return /"code":\s*"(\w+)"/.exec(text)?.[1] ?? `answered ${text.slice(0, 80)}`;
}
