import type { AccessTokenStores } from './access/accessToken.js';
import type { LoginStores } from './access/login.js';
import type { BatchStores } from './batches/batch.js';
import type { VerdictStores } from './chains/agentVerdict.js';
import type { ChainStores } from './chains/chainStore.js';
import type { EventStores } from './events/eventLog.js';
import type { ConflictStores } from './merges/conflictPrediction.js';
import type { OpenHandMergeStores } from './merges/openHandMerge.js';
import type { MergeResumptionStores } from './merges/resumption.js';
import type { MergeStores } from './merges/mergeStore.js';
import type { ModelStores } from './models/modelStore.js';
import type { MessageStores } from './messages/messageStore.js';
import type { CommentStores } from './reviews/commentStore.js';
import type { NotebookServerStores } from './notebooks/notebookServerStore.js';
import type { QuestionStores } from './questions/questionStore.js';
import type { ReviewStores } from './reviews/reviewStore.js';
import type { ProjectStores } from './projects/projectStore.js';
import type { RecordStores } from './retention/recordStore.js';
import type { BreakerStores } from './runs/breaker.js';
import type { RunDelayStores } from './runs/runDelay.js';
import type { RunPriorityStores } from './runs/runPriority.js';
import type { RunSecretStores } from './runs/runSecretStore.js';
import type { RunStores } from './runs/runStore.js';
import type { UsageStores } from './runs/runUsage.js';
import type { ScheduleStores } from './schedules/scheduleStore.js';
import type { ScriptStores } from './scripts/scriptRun.js';
import type { WebhookStores } from './topics/webhookSource.js';
import type { TopicStores } from './topics/topicEvent.js';
import type { SandboxStores } from './sandboxes/sandboxStore.js';
import type { ThreadModelStores } from './threads/threadModel.js';
import type { ThreadStores } from './threads/threadStore.js';
import type { RepositoryStores } from './workspaces/knownRepository.js';
import type { RescueStores } from './workspaces/rescueStore.js';
import type { SpareStores } from './workspaces/spareWorktree.js';
import type { PreparationStores } from './workspaces/preparation.js';
import type { SharedStateStores } from './workspaces/pinnedState.js';

/** Every store of the database: for who makes them and for who translates them. Nothing in `core` may ask for all. */
export interface Stores
  extends
    ProjectStores,
    ThreadStores,
    ThreadModelStores,
    MessageStores,
    RunStores,
    RunSecretStores,
    RunDelayStores,
    RunPriorityStores,
    UsageStores,
    BreakerStores,
    ModelStores,
    MergeStores,
    MergeResumptionStores,
    ReviewStores,
    CommentStores,
    ConflictStores,
    OpenHandMergeStores,
    ScheduleStores,
    TopicStores,
    WebhookStores,
    ScriptStores,
    RescueStores,
    SharedStateStores,
    RepositoryStores,
    ChainStores,
    PreparationStores,
    SpareStores,
    SandboxStores,
    AccessTokenStores,
    LoginStores,
    NotebookServerStores,
    VerdictStores,
    BatchStores,
    QuestionStores,
    RecordStores,
    EventStores {}
