import { fromBinary, getExtension } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorSetSchema,
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  type MethodDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { may_call, needs } from '../protocol/gen/muster/v1/policy_pb.js';
import { replaceFile } from './files.ts';
import { readProtocolImage } from './protocolImage.ts';

const head = `# muster.v1

<!-- Generated from src/protocol/muster/v1: \`npm run generate\`. -->

Every call of a host and every field. How to call it: [api.md](api.md). Times are milliseconds since the Unix epoch, 0 for none.

*People* are everybody but runs: a call that names a run (header \`muster-run\`) is that run's. The scope is what a token needs over the network.
`;

/** Writes the reference of our own API. */
export async function generate(): Promise<void> {
  const { file } = fromBinary(FileDescriptorSetSchema, await readProtocolImage());
  const ours = file
    .filter(({ package: name }) => name === 'muster.v1')
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const services = ours.flatMap(servicesOf);
  const messages = ours.flatMap(messagesOf).toSorted((a, b) => a.name.localeCompare(b.name));
  const parts = [head, ...services, '## Messages\n', ...messages.map(({ text }) => text)];
  await replaceFile('docs/muster.v1.md', parts.join('\n'));
}

/** A comment of the `.proto`, by the path of what it stands before. */
function commentsOf(file: FileDescriptorProto): (path: readonly number[]) => string {
  const locations = file.sourceCodeInfo?.location ?? [];
  const comments = new Map(locations.map(({ path, leadingComments }) => [path.join('.'), leadingComments]));
  return path => (comments.get(path.join('.')) ?? '').trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** Numbers of fields of FileDescriptorProto and of what is in it. */
const at = { message: 4, service: 6, field: 2, method: 2, nested: 3 } as const;

function servicesOf(file: FileDescriptorProto): readonly string[] {
  const comment = commentsOf(file);
  return file.service.flatMap((service, index) => {
    const path = [at.service, index];
    const methods = service.method.map((method, place) => methodText(method, comment([...path, at.method, place])));
    const about = comment(path);
    return [`## ${service.name}\n`, ...(about === '' ? [] : [`${about}\n`]), ...methods];
  });
}

const callers = new Map([
  ['person', 'People'],
  ['run', 'Runs'],
  ['both', 'People and runs'],
  ['own_thread', 'People, and runs for their own thread'],
  ['dispatcher', 'People, and runs of agents that may dispatch'],
]);

function methodText(method: MethodDescriptorProto, comment: string): string {
  const { name, inputType, outputType, clientStreaming, serverStreaming, options } = method;
  const caller = callers.get(options ? getExtension(options, may_call) : '') ?? 'People';
  const scope = (options ? getExtension(options, needs) : '') || 'admin';
  const asked = `${clientStreaming ? 'stream ' : ''}${linked(inputType)}`;
  const answered = `${serverStreaming ? 'stream ' : ''}${linked(outputType)}`;
  const about = comment === '' ? '' : `${cell(comment)} `;
  return `**${name}** (${asked}) → ${answered}. ${about}*${caller}; scope \`${scope}\`.*\n`;
}

function messagesOf(file: FileDescriptorProto): readonly { readonly name: string; readonly text: string }[] {
  const comment = commentsOf(file);
  return file.messageType.map((message, index) => ({
    name: message.name,
    text: messageText(message, [at.message, index], comment),
  }));
}

function messageText(
  message: DescriptorProto,
  path: readonly number[],
  comment: (path: readonly number[]) => string,
): string {
  const about = comment(path);
  const rows = message.field.map((field, index) => {
    const words = comment([...path, at.field, index]);
    return `| ${field.number} | \`${field.name}\` | ${typeOf(field, message)} | ${cell(words)} |`;
  });
  const table = rows.length === 0 ? ['Empty.'] : ['| | Field | Type | |', '|---|---|---|---|', ...rows];
  return [`### ${message.name}\n`, ...(about === '' ? [] : [`${about}\n`]), ...table, ''].join('\n');
}

function typeOf(field: FieldDescriptorProto, { nestedType, oneofDecl }: DescriptorProto): string {
  const entry = nestedType.find(
    ({ name, options }) => options?.mapEntry === true && field.typeName.endsWith(`.${name}`),
  );
  if (entry) return `map of ${entry.field.map(each => typeOf(each, entry)).join(' to ')}`;
  const word = field.typeName === '' ? wordOf(field.type) : linked(field.typeName);
  if (field.label === FieldDescriptorProto_Label.REPEATED) return `list of ${word}`;
  if (field.proto3Optional) return `${word}, or none`;
  const group = field.oneofIndex === undefined ? undefined : oneofDecl[field.oneofIndex]?.name;
  const isMember = group !== undefined && Object.hasOwn(field, 'oneofIndex');
  return isMember ? `${word} (one of \`${group}\`)` : word;
}

function wordOf(type: FieldDescriptorProto_Type): string {
  return FieldDescriptorProto_Type[type].toLowerCase();
}

/** The name of a message of ours, which has its heading on this page. */
function linked(typeName: string): string {
  const name = typeName.split('.').at(-1) ?? '';
  return typeName.startsWith('.muster.v1.') ? `[${name}](#${name.toLowerCase()})` : `\`${name}\``;
}

function cell(words: string): string {
  return words.replaceAll('|', String.raw`\|`);
}
