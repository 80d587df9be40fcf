import type { Client } from '@connectrpc/connect';
import type { AccessService } from '../protocol/gen/muster/v1/access_pb.js';
import type { EventService } from '../protocol/gen/muster/v1/events_pb.js';
import type { HostService } from '../protocol/gen/muster/v1/host_pb.js';
import type { ImageService } from '../protocol/gen/muster/v1/images_pb.js';
import type { MergeService } from '../protocol/gen/muster/v1/merges_pb.js';
import type { NotebookService } from '../protocol/gen/muster/v1/notebooks_pb.js';
import type { ModelService } from '../protocol/gen/muster/v1/models_pb.js';
import type { ProjectService } from '../protocol/gen/muster/v1/projects_pb.js';
import type { ReviewService } from '../protocol/gen/muster/v1/reviews_pb.js';
import type { RunService } from '../protocol/gen/muster/v1/runs_pb.js';
import type { QuestionService } from '../protocol/gen/muster/v1/questions_pb.js';
import type { ScheduleService } from '../protocol/gen/muster/v1/schedules_pb.js';
import type { ThreadService } from '../protocol/gen/muster/v1/threads_pb.js';
import type { TopicService } from '../protocol/gen/muster/v1/topics_pb.js';
import type { SandboxService } from '../protocol/gen/muster/v1/sandboxes_pb.js';
import type { VariableService } from '../protocol/gen/muster/v1/variables_pb.js';
import type { VolumeService } from '../protocol/gen/muster/v1/volumes_pb.js';
import type { WorktreeService } from '../protocol/gen/muster/v1/worktrees_pb.js';

/** The calls of a host, by noun. */
export interface HostServices {
  readonly host: Client<typeof HostService>;
  readonly projects: Client<typeof ProjectService>;
  readonly threads: Client<typeof ThreadService>;
  readonly reviews: Client<typeof ReviewService>;
  readonly runs: Client<typeof RunService>;
  readonly merges: Client<typeof MergeService>;
  readonly worktrees: Client<typeof WorktreeService>;
  readonly sandboxes: Client<typeof SandboxService>;
  readonly images: Client<typeof ImageService>;
  readonly volumes: Client<typeof VolumeService>;
  readonly questions: Client<typeof QuestionService>;
  readonly schedules: Client<typeof ScheduleService>;
  readonly topics: Client<typeof TopicService>;
  readonly models: Client<typeof ModelService>;
  readonly variables: Client<typeof VariableService>;
  readonly access: Client<typeof AccessService>;
  readonly notebooks: Client<typeof NotebookService>;
  readonly events: Client<typeof EventService>;
}
