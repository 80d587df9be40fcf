import {
  createClient,
  createRouterTransport,
  type Client,
  type ConnectRouter,
  type Interceptor,
} from '@connectrpc/connect';
import { EventService } from '../../protocol/gen/muster/v1/events_pb.js';
import { HostService } from '../../protocol/gen/muster/v1/host_pb.js';
import { ImageService } from '../../protocol/gen/muster/v1/images_pb.js';
import { ModelService } from '../../protocol/gen/muster/v1/models_pb.js';
import { NotebookService } from '../../protocol/gen/muster/v1/notebooks_pb.js';
import { ProjectService } from '../../protocol/gen/muster/v1/projects_pb.js';
import { RunService } from '../../protocol/gen/muster/v1/runs_pb.js';
import { ScheduleService } from '../../protocol/gen/muster/v1/schedules_pb.js';
import { SandboxService } from '../../protocol/gen/muster/v1/sandboxes_pb.js';
import { ThreadService } from '../../protocol/gen/muster/v1/threads_pb.js';
import { TopicService } from '../../protocol/gen/muster/v1/topics_pb.js';
import { VariableService } from '../../protocol/gen/muster/v1/variables_pb.js';
import { VolumeService } from '../../protocol/gen/muster/v1/volumes_pb.js';
import { WorktreeService } from '../../protocol/gen/muster/v1/worktrees_pb.js';

/** Our own calls, as agent-compose's are put together from them: the same rules, the same answers, nothing of their own. */
export interface OurCalls {
  readonly host: Client<typeof HostService>;
  readonly projects: Client<typeof ProjectService>;
  readonly threads: Client<typeof ThreadService>;
  readonly runs: Client<typeof RunService>;
  readonly schedules: Client<typeof ScheduleService>;
  readonly worktrees: Client<typeof WorktreeService>;
  readonly events: Client<typeof EventService>;
  readonly models: Client<typeof ModelService>;
  readonly images: Client<typeof ImageService>;
  readonly notebooks: Client<typeof NotebookService>;
  readonly sandboxes: Client<typeof SandboxService>;
  readonly topics: Client<typeof TopicService>;
  readonly variables: Client<typeof VariableService>;
  readonly volumes: Client<typeof VolumeService>;
}

/** Clients of the services of this very process: no socket, no token. */
export function ourCalls(routes: (router: ConnectRouter) => void, interceptors: readonly Interceptor[]): OurCalls {
  const transport = createRouterTransport(routes, { router: { interceptors: [...interceptors] } });
  return {
    host: createClient(HostService, transport),
    projects: createClient(ProjectService, transport),
    threads: createClient(ThreadService, transport),
    runs: createClient(RunService, transport),
    schedules: createClient(ScheduleService, transport),
    worktrees: createClient(WorktreeService, transport),
    events: createClient(EventService, transport),
    models: createClient(ModelService, transport),
    images: createClient(ImageService, transport),
    notebooks: createClient(NotebookService, transport),
    sandboxes: createClient(SandboxService, transport),
    topics: createClient(TopicService, transport),
    variables: createClient(VariableService, transport),
    volumes: createClient(VolumeService, transport),
  };
}
