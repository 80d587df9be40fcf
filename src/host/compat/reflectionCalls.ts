import { toBinary, type DescFile, type DescService } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, createConnectRouter, type ConnectRouter, type ServiceImpl } from '@connectrpc/connect';
import type { ServerReflection, ServerReflectionRequest } from '../../protocol/gen/grpc/reflection/v1/reflection_pb.js';

/** `grpc.reflection.v1`: which calls these routes answer, for tools such as `grpcurl`. */
export function reflectionCalls(
  ...routes: readonly ((router: ConnectRouter) => void)[]
): ServiceImpl<typeof ServerReflection> {
  const router = createConnectRouter();
  for (const route of routes) route(router);
  const services = new Map(router.handlers.map(({ service }) => [service.typeName, service]));
  const files = filesOf([...services.values()]);
  const symbols = new Map([...files.values()].flatMap(file => symbolsOf(file).map(name => [name, file] as const)));
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests)
        yield { validHost: request.host, originalRequest: request, messageResponse: answerTo(request) };
    },
  };

  function answerTo({ messageRequest: { case: kind, value } }: ServerReflectionRequest) {
    switch (kind) {
      case 'listServices': {
        const service = [...services.keys()].toSorted().map(name => ({ name }));
        return { case: 'listServicesResponse', value: { service } } as const;
      }
      case 'fileByFilename':
        return described(files.get(value), value);
      case 'fileContainingSymbol':
        return described(symbols.get(value), value);
      default:
        return refused(Code.Unimplemented, 'Files are found by their name, or by a symbol in them.');
    }
  }
}

function described(file: DescFile | undefined, wanted: string) {
  if (!file) return refused(Code.NotFound, `There is no ${JSON.stringify(wanted.slice(0, 200))} here.`);
  const whole = [...filesOf([file]).values()].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: whole } } as const;
}

function refused(errorCode: number, errorMessage: string) {
  return { case: 'errorResponse', value: { errorCode, errorMessage } } as const;
}

/** Files by name, each before those that it imports. */
function filesOf(roots: readonly (DescService | DescFile)[]): ReadonlyMap<string, DescFile> {
  const seen = new Set<DescFile>();
  const importedFirst: DescFile[] = [];
  const add = (file: DescFile): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const imported of file.dependencies) add(imported);
    importedFirst.push(file);
  };
  for (const root of roots) add(root.kind === 'file' ? root : root.file);
  return new Map(importedFirst.toReversed().map(file => [file.proto.name, file]));
}

function symbolsOf({ messages, enums, services }: DescFile): readonly string[] {
  const methods = services.flatMap(service => service.methods.map(({ name }) => `${service.typeName}.${name}`));
  return [...[...messages, ...enums, ...services].map(({ typeName }) => typeName), ...methods];
}
