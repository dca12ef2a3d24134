/* eslint-disable */
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /**
   * Combined date and time (with time zone) in [RFC 3339][0] format.
   *
   * Represents a description of an exact instant on the time-line (such as the
   * instant that a user account was created).
   *
   * [`DateTime` scalar][1] compliant.
   *
   * See also [`chrono::DateTime`][2] for details.
   *
   * [0]: https://datatracker.ietf.org/doc/html/rfc3339#section-5
   * [1]: https://graphql-scalars.dev/docs/scalars/date-time
   * [2]: https://docs.rs/chrono/latest/chrono/struct.DateTime.html
   */
  DateTime: { input: string; output: string; }
};

export type Alert = {
  __typename?: 'Alert';
  acknowledgedAt?: Maybe<Scalars['DateTime']['output']>;
  acknowledgedBy?: Maybe<Scalars['String']['output']>;
  comment?: Maybe<Scalars['String']['output']>;
  /** One for each channel. */
  deliveries: Array<AlertDelivery>;
  /** Id of the alert that had told the same shortly before. */
  duplicateOf?: Maybe<Scalars['String']['output']>;
  fields: Array<AlertField>;
  /** Prefix `alert_`. */
  id: Scalars['String']['output'];
  /** Words it was routed by. */
  labels: Array<AlertField>;
  link?: Maybe<Scalars['String']['output']>;
  raisedAt: Scalars['DateTime']['output'];
  runId?: Maybe<Scalars['String']['output']>;
  severity: AlertSeverity;
  step?: Maybe<Scalars['String']['output']>;
  /** Markdown. */
  text: Scalars['String']['output'];
  title: Scalars['String']['output'];
  /** The workflow's name. */
  workflow?: Maybe<Scalars['String']['output']>;
};

export type AlertConnection = {
  __typename?: 'AlertConnection';
  /** Items, each with its cursor. */
  edges: Array<AlertEdge>;
  /** The items alone. */
  nodes: Array<Alert>;
  pageInfo: PageInfo;
};

export type AlertDelivery = {
  __typename?: 'AlertDelivery';
  alertId: Scalars['String']['output'];
  /** Oldest first. */
  attempts: Array<DeliveryAttempt>;
  channel: Scalars['String']['output'];
  createdAt: Scalars['DateTime']['output'];
  /** When it was delivered, failed or dropped. */
  endedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Prefix `delivery_`. */
  id: Scalars['String']['output'];
  /** 0: told at once; 1, 2, …: told because nobody acknowledged the alert. */
  level: Scalars['Int']['output'];
  /** The message's id as the channel gets it, the same in every attempt. */
  messageId?: Maybe<Scalars['String']['output']>;
  /** When it is attempted next. */
  nextAt?: Maybe<Scalars['DateTime']['output']>;
  /** The receiver's id for it. */
  providerId?: Maybe<Scalars['String']['output']>;
  /** Why it waits or was dropped: `retry`, `group`, `quiet`, `rate`, `escalation`, `duplicate`, `acknowledged`. */
  reason?: Maybe<Scalars['String']['output']>;
  status: DeliveryStatus;
};

export type AlertEdge = {
  __typename?: 'AlertEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Alert;
};

export type AlertField = {
  __typename?: 'AlertField';
  name: Scalars['String']['output'];
  value: Scalars['String']['output'];
};

/** Which alerts to list. */
export type AlertFilterInput = {
  /** Only with a delivery to this channel. */
  channel?: InputMaybe<Scalars['String']['input']>;
  /** Only of this run. */
  run?: InputMaybe<Scalars['String']['input']>;
  /** Only of this severity. */
  severity?: InputMaybe<AlertSeverity>;
  /** Only those raised at that moment or later. */
  since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only with a delivery in one of these statuses. */
  statuses?: InputMaybe<Array<DeliveryStatus>>;
  /** Only of the workflow of that name. */
  workflow?: InputMaybe<Scalars['String']['input']>;
};

export type AlertPolicyApplied = {
  __typename?: 'AlertPolicyApplied';
  /** Empty: it was applied. */
  problems: Array<Problem>;
  /** The policy that holds now. */
  text?: Maybe<Scalars['String']['output']>;
};

export type AlertPreview = {
  __typename?: 'AlertPreview';
  fields: Array<AlertField>;
  /** For channels that show Markdown. */
  markdown: Scalars['String']['output'];
  severity: AlertSeverity;
  /** One line. */
  subject: Scalars['String']['output'];
  /** For channels that show no Markdown. */
  text: Scalars['String']['output'];
};

/** A template, or the name of one; and whose data it is shown with. */
export type AlertPreviewInput = {
  /** An alert whose data is shown; absent: sample data. */
  alert?: InputMaybe<Scalars['String']['input']>;
  /** Named facts, as JSON text. */
  fields?: InputMaybe<Scalars['String']['input']>;
  /** The message for channels that show Markdown. */
  markdown?: InputMaybe<Scalars['String']['input']>;
  /** A template of the alert policy. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** How urgent the sample is. */
  severity?: InputMaybe<AlertSeverity>;
  /** One line. */
  subject?: InputMaybe<Scalars['String']['input']>;
  /** The message for channels that show no Markdown. */
  text?: InputMaybe<Scalars['String']['input']>;
  /** Values of a run, as JSON text: `{"steps": {"same": {"differences": 3}}}`. */
  values?: InputMaybe<Scalars['String']['input']>;
};

/** How urgent an alert is. */
export type AlertSeverity =
  /** Somebody must act. */
  | 'CRITICAL'
  /** Good to know. */
  | 'INFO'
  /** What an earlier alert told is over. */
  | 'RESOLVED'
  /** Worth a look. */
  | 'WARNING';

export type Anomaly = {
  __typename?: 'Anomaly';
  /** When people were last told of it. */
  alertedAt?: Maybe<Scalars['DateTime']['output']>;
  changedAt: Scalars['DateTime']['output'];
  /** Who last changed its state; none: Sluice itself. */
  changedBy?: Maybe<Scalars['String']['output']>;
  comment?: Maybe<Scalars['String']['output']>;
  /** Empty: no connection. */
  connection: Scalars['String']['output'];
  /** How often it was found. */
  count: Scalars['Int']['output'];
  /** Figures and sample keys, as JSON text. */
  details: Scalars['String']['output'];
  firstSeen: Scalars['DateTime']['output'];
  /** Prefix `anomaly_`. */
  id: Scalars['String']['output'];
  lastSeen: Scalars['DateTime']['output'];
  message: Scalars['String']['output'];
  /** `quality.c1`, `inspect.connections`, `backup.failed`. */
  rule: Scalars['String']['output'];
  /** Id of the run that last found it. */
  runId?: Maybe<Scalars['String']['output']>;
  /** What within the table or system. */
  scope: Scalars['String']['output'];
  severity: AnomalySeverity;
  state: AnomalyState;
  /** Empty: the whole system. */
  table: Scalars['String']['output'];
};

export type AnomalyConnection = {
  __typename?: 'AnomalyConnection';
  /** Items, each with its cursor. */
  edges: Array<AnomalyEdge>;
  /** The items alone. */
  nodes: Array<Anomaly>;
  pageInfo: PageInfo;
};

export type AnomalyEdge = {
  __typename?: 'AnomalyEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Anomaly;
};

/** Which anomalies to list. */
export type AnomalyFilterInput = {
  /** Only of this connection. */
  connection?: InputMaybe<Scalars['String']['input']>;
  /** Only of this rule, or of a family such as `quality.*`. */
  rule?: InputMaybe<Scalars['String']['input']>;
  /** Only of this severity or worse. */
  severity?: InputMaybe<AnomalySeverity>;
  /** Only those last seen at that moment or later. */
  since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only in one of these states. */
  states?: InputMaybe<Array<AnomalyState>>;
  /** Only of this table. */
  table?: InputMaybe<Scalars['String']['input']>;
};

export type AnomalyRule = {
  __typename?: 'AnomalyRule';
  channels: Array<Scalars['String']['output']>;
  /** What comes back within so many seconds after it was told is not told again. */
  dedupeSeconds: Scalars['Int']['output'];
  /** Findings are not kept and nobody is told. */
  muted: Scalars['Boolean']['output'];
  /** The rule, a family such as `quality.*`, or `*`. */
  rule: Scalars['String']['output'];
  severity?: Maybe<AnomalySeverity>;
  /** Numbers by name, as JSON text. */
  thresholds: Scalars['String']['output'];
};

/** What a rule shall do. */
export type AnomalyRuleInput = {
  /** Who is told. */
  channels?: InputMaybe<Array<Scalars['String']['input']>>;
  /** What comes back within so many seconds after it was told is not told again; 3600 where left out. */
  dedupeSeconds?: InputMaybe<Scalars['Int']['input']>;
  /** Findings are not kept and nobody is told. */
  muted?: InputMaybe<Scalars['Boolean']['input']>;
  /** The rule, a family such as `quality.*`, or `*`. */
  rule: Scalars['String']['input'];
  /** Replaces the rule's own severity. */
  severity?: InputMaybe<AnomalySeverity>;
  /** Numbers by name, as JSON text: `{"share": 0.9}`. */
  thresholds?: InputMaybe<Scalars['String']['input']>;
};

/** How bad it is. */
export type AnomalySeverity =
  /** Wrong. */
  | 'ERROR'
  /** Good to know. */
  | 'INFO'
  /** Worth a look. */
  | 'WARN';

/** Where an anomaly stands. */
export type AnomalyState =
  /** Somebody knows; it does not alert again. */
  | 'ACKNOWLEDGED'
  /** Found, and nobody has said anything of it. */
  | 'OPEN'
  /** Gone, or said to be. */
  | 'RESOLVED';

export type Answer = {
  __typename?: 'Answer';
  /** Rows that a writing statement changed. */
  affected?: Maybe<Scalars['Float']['output']>;
  columns: Array<AnswerColumn>;
  durationMs: Scalars['Int']['output'];
  /** Its id in the history. */
  id: Scalars['String']['output'];
  /**
   * The rows as JSON text: a list of lists, each in the order of the columns. Decimals, dates and integers beyond 2^53
   * are text.
   */
  rows: Scalars['String']['output'];
  /** Whether there were more rows than the limit. */
  truncated: Scalars['Boolean']['output'];
};

/** A column of an answer. */
export type AnswerColumn = {
  __typename?: 'AnswerColumn';
  name: Scalars['String']['output'];
  /** The type, as the system spells it. */
  nativeType: Scalars['String']['output'];
};

export type ApiToken = {
  __typename?: 'ApiToken';
  createdAt: Scalars['DateTime']['output'];
  /** When it stops working; none: never. */
  expiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** Prefix `token_`. */
  id: Scalars['String']['output'];
  /** What it is for. */
  name: Scalars['String']['output'];
  readOnly: Scalars['Boolean']['output'];
  /** The most it may do, whatever its owner may. */
  role: RoleWord;
  /** When it was last used, to the minute. */
  usedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Id of the person on whose behalf it works. */
  userId: Scalars['String']['output'];
};

export type Artifact = {
  __typename?: 'Artifact';
  /** Its size. */
  bytes: Scalars['Float']['output'];
  createdAt: Scalars['DateTime']['output'];
  /** SHA-256 of its bytes, in hex. */
  digest: Scalars['String']['output'];
  mediaType: Scalars['String']['output'];
  /** Unique within the run. */
  name: Scalars['String']['output'];
  /** Rows that it holds. */
  rows: Scalars['Float']['output'];
  /** The step that left it. */
  step: Scalars['String']['output'];
};

export type AuditConnection = {
  __typename?: 'AuditConnection';
  /** Items, each with its cursor. */
  edges: Array<AuditEdge>;
  /** The items alone. */
  nodes: Array<AuditEntry>;
  pageInfo: PageInfo;
};

export type AuditEdge = {
  __typename?: 'AuditEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: AuditEntry;
};

export type AuditEntry = {
  __typename?: 'AuditEntry';
  /** From where. */
  address: Scalars['String']['output'];
  /** What it was afterwards. */
  after: Scalars['String']['output'];
  at: Scalars['DateTime']['output'];
  /** What its subject was before, as JSON text; empty where it is not known, or was not there. */
  before: Scalars['String']['output'];
  /** What was asked, as JSON text without secrets. */
  given: Scalars['String']['output'];
  /** Its place in the log, counted from 1 without gaps; a float, since GraphQL's integers end at 2³¹. */
  number: Scalars['Float']['output'];
  /** A field of `Mutation`, a route, or a command. */
  operation: Scalars['String']['output'];
  /** `done`, `interrupted`, or the code of the refusal or failure. */
  outcome: Scalars['String']['output'];
  /** What it was about: `connection history`. */
  subject: Scalars['String']['output'];
  /** How they came in: `session`, `token`, `server token`, `command line` or `none`. */
  way: Scalars['String']['output'];
  /** A person's name; `api` for the server's own token, `system …` for the command line. */
  who: Scalars['String']['output'];
};

export type AuditFault = {
  __typename?: 'AuditFault';
  /** Number of the entry it is about; none: a checkpoint. */
  entry?: Maybe<Scalars['Float']['output']>;
  /** `entry 8: the entry is missing`. */
  message: Scalars['String']['output'];
};

/** Which entries. */
export type AuditFilterInput = {
  /** This operation. */
  operation?: InputMaybe<Scalars['String']['input']>;
  /** At that moment or later. */
  since?: InputMaybe<Scalars['DateTime']['input']>;
  /** About this: `connection history`. */
  subject?: InputMaybe<Scalars['String']['input']>;
  /** Before that moment. */
  until?: InputMaybe<Scalars['DateTime']['input']>;
  /** Done by this person. */
  who?: InputMaybe<Scalars['String']['input']>;
};

export type AuditVerdict = {
  __typename?: 'AuditVerdict';
  /** How many checkpoints fit it. */
  checkpoints: Scalars['Int']['output'];
  /** How many entries stand in an unbroken chain from the first on. */
  entries: Scalars['Float']['output'];
  /** How much is wrong in all. */
  faultCount: Scalars['Int']['output'];
  /** What is wrong, the first 100; empty: nothing. */
  faults: Array<AuditFault>;
  /** The first entry that is known to be broken, and why; none: it is whole, or only a checkpoint is wrong. */
  firstBroken?: Maybe<AuditFault>;
  /** Whether nothing is wrong. */
  whole: Scalars['Boolean']['output'];
};

export type Backup = {
  __typename?: 'Backup';
  /** Bytes of all files; a float, since GraphQL's integers end at two billion. */
  bytes: Scalars['Float']['output'];
  /** SHA-256 of its manifest. */
  checksum: Scalars['String']['output'];
  connection: Scalars['String']['output'];
  createdAt: Scalars['DateTime']['output'];
  durationMs: Scalars['Float']['output'];
  error?: Maybe<Scalars['String']['output']>;
  /** In the file system of the worker that made it. */
  folder: Scalars['String']['output'];
  /** Prefix `backup_`. */
  id: Scalars['String']['output'];
  /** `pg_dump`, `sqlite backup`, `connector`. */
  method: Scalars['String']['output'];
  /** Id of the run that made it. */
  runId?: Maybe<Scalars['String']['output']>;
  /** `running`, `complete`, `failed`, `damaged` or `removed`. */
  status: Scalars['String']['output'];
  /** When its checksums were last found right. */
  verifiedAt?: Maybe<Scalars['DateTime']['output']>;
};

export type BackupConnection = {
  __typename?: 'BackupConnection';
  /** Items, each with its cursor. */
  edges: Array<BackupEdge>;
  /** The items alone. */
  nodes: Array<Backup>;
  pageInfo: PageInfo;
};

export type BackupEdge = {
  __typename?: 'BackupEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Backup;
};

export type Channel = {
  __typename?: 'Channel';
  createdAt: Scalars['DateTime']['output'];
  /** Whether it has secrets, which are never shown. */
  hasSecret: Scalars['Boolean']['output'];
  /** `mail`, `webhook` or `plugin/<name>`. */
  kind: Scalars['String']['output'];
  name: Scalars['String']['output'];
  /** Everything but the secrets, as JSON text. */
  settings: Scalars['String']['output'];
  updatedAt: Scalars['DateTime']['output'];
};

export type ChannelConnection = {
  __typename?: 'ChannelConnection';
  /** Items, each with its cursor. */
  edges: Array<ChannelEdge>;
  /** The items alone. */
  nodes: Array<Channel>;
  pageInfo: PageInfo;
};

export type ChannelEdge = {
  __typename?: 'ChannelEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Channel;
};

/** What a channel is to be. */
export type ChannelInput = {
  /** `mail`, `webhook` or `plugin/<name>`. */
  kind: Scalars['String']['input'];
  /** Its secrets, as JSON text: `{"password": "…"}`. Absent on update: those it has stay. */
  secrets?: InputMaybe<Scalars['String']['input']>;
  /** Its settings, as JSON text: `{"url": "https://…"}`. */
  settings?: InputMaybe<Scalars['String']['input']>;
};

export type ChannelKind = {
  __typename?: 'ChannelKind';
  /** `mail`, `webhook` or `plugin/<name>`. */
  kind: Scalars['String']['output'];
  /** JSON Schema of its settings, as JSON text. */
  schema: Scalars['String']['output'];
  secrets: Array<ChannelSecret>;
  /** What it does, in one sentence. */
  summary: Scalars['String']['output'];
};

export type ChannelSecret = {
  __typename?: 'ChannelSecret';
  /** What it is; empty where nothing is said. */
  about: Scalars['String']['output'];
  name: Scalars['String']['output'];
};

export type ChannelTest = {
  __typename?: 'ChannelTest';
  /** The kind of failure. */
  code?: Maybe<Scalars['String']['output']>;
  /** What to do about it. */
  hint?: Maybe<Scalars['String']['output']>;
  /** What happened. */
  message: Scalars['String']['output'];
  /** Whether the channel took the test alert. */
  ok: Scalars['Boolean']['output'];
  /** The receiver's id for it. */
  providerId?: Maybe<Scalars['String']['output']>;
};

export type Checked = {
  __typename?: 'Checked';
  /** Columns it names; `*` where it asks for all. */
  columns: Array<Scalars['String']['output']>;
  effect: StatementEffect;
  /** Cost in the system's own unit. */
  estimatedCost?: Maybe<Scalars['Float']['output']>;
  /** Rows the system expects it to answer. */
  estimatedRows?: Maybe<Scalars['Float']['output']>;
  /** The plan, as the system tells it. */
  plan?: Maybe<Scalars['String']['output']>;
  /** Why it cannot be run at all. */
  problem?: Maybe<Problem>;
  /** Why the console, which only reads, refuses it; none: it is allowed. */
  refusal?: Maybe<Scalars['String']['output']>;
  /** Tables it names. */
  tables: Array<Scalars['String']['output']>;
};

export type Column = {
  __typename?: 'Column';
  /** What is written about the column. */
  comment?: Maybe<Scalars['String']['output']>;
  /** The default, as the system spells it. */
  default?: Maybe<Scalars['String']['output']>;
  /** Whether it is a tag of a supertable. */
  isTag: Scalars['Boolean']['output'];
  name: Scalars['String']['output'];
  /** The type, as the system spells it. */
  nativeType: Scalars['String']['output'];
  /** Whether NULL is allowed. */
  nullable: Scalars['Boolean']['output'];
};

export type Connection = {
  __typename?: 'Connection';
  /** Whether the console may write through it. */
  allowWrite: Scalars['Boolean']['output'];
  createdAt?: Maybe<Scalars['DateTime']['output']>;
  /** What it is for. */
  description?: Maybe<Scalars['String']['output']>;
  /** Whether it has a secret, which is never shown. */
  hasSecret: Scalars['Boolean']['output'];
  /** Whether it can be changed here; one that the environment names cannot. */
  isSaved: Scalars['Boolean']['output'];
  /** Words to find it by. */
  labels: Array<Scalars['String']['output']>;
  /** How the last test went, since it was last changed. */
  lastTest?: Maybe<ConnectionTest>;
  name: Scalars['String']['output'];
  /** Host, port and so on, as JSON text. */
  settings: Scalars['String']['output'];
  /** `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`. */
  system: Scalars['String']['output'];
  /** One of its tables. */
  table: Table;
  /** Names of its tables. */
  tables: NameConnection;
  updatedAt?: Maybe<Scalars['DateTime']['output']>;
  /** The environment variable that names it. */
  variable?: Maybe<Scalars['String']['output']>;
  /** Names of enabled workflows whose documents name it. */
  workflows: NameConnection;
};


export type ConnectionTableArgs = {
  name: Scalars['String']['input'];
};


export type ConnectionTablesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type ConnectionWorkflowsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type ConnectionConnection = {
  __typename?: 'ConnectionConnection';
  /** Items, each with its cursor. */
  edges: Array<ConnectionEdge>;
  /** The items alone. */
  nodes: Array<Connection>;
  pageInfo: PageInfo;
};

export type ConnectionEdge = {
  __typename?: 'ConnectionEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Connection;
};

/** What is to be different in a connection; what is absent stays as it is. */
export type ConnectionInput = {
  /** Whether the console may write through it. */
  allowWrite?: InputMaybe<Scalars['Boolean']['input']>;
  /** What it is for; null removes it. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** Words to find it by. */
  labels?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The secret; null removes it. */
  secret?: InputMaybe<Scalars['String']['input']>;
  /** Host, port and so on, wholly, as JSON text. */
  settings?: InputMaybe<Scalars['String']['input']>;
  /** `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`. */
  system?: InputMaybe<Scalars['String']['input']>;
  /** `postgres://user:password@host:5432/database`, and so on. */
  url?: InputMaybe<Scalars['String']['input']>;
};

export type ConnectionTest = {
  __typename?: 'ConnectionTest';
  at: Scalars['DateTime']['output'];
  /** The kind of failure. */
  code?: Maybe<Scalars['String']['output']>;
  durationMs: Scalars['Int']['output'];
  /** What to do about it. */
  hint?: Maybe<Scalars['String']['output']>;
  /** What the system calls itself, or what fails. */
  message: Scalars['String']['output'];
  /** Whether the system answered. */
  ok: Scalars['Boolean']['output'];
};

/** A token that was just made. */
export type CreatedToken = {
  __typename?: 'CreatedToken';
  /** Its text, shown this once. */
  text: Scalars['String']['output'];
  token: ApiToken;
};

export type DeliveryAttempt = {
  __typename?: 'DeliveryAttempt';
  at: Scalars['DateTime']['output'];
  /** The kind of failure. */
  code?: Maybe<Scalars['String']['output']>;
  durationMs?: Maybe<Scalars['Int']['output']>;
  /** What the channel or its receiver said. */
  message?: Maybe<Scalars['String']['output']>;
  /** When the next one was planned for. */
  nextAt?: Maybe<Scalars['DateTime']['output']>;
  /** Counted from 1. */
  number: Scalars['Int']['output'];
  /** `running`, `delivered`, `retryable`, `final` or `interrupted`. */
  outcome: Scalars['String']['output'];
};

/** Where a delivery stands. */
export type DeliveryStatus =
  /** The channel took it. */
  | 'DELIVERED'
  /** Not to be delivered. */
  | 'DROPPED'
  /** The channel did not take it, and it is not attempted again. */
  | 'FAILED'
  /** To be attempted, now or later. */
  | 'PENDING';

export type Diff = {
  __typename?: 'Diff';
  /** Rows of the same key with other values. */
  changed?: Maybe<Scalars['Float']['output']>;
  /** Whether all rows were compared. */
  complete?: Maybe<Scalars['Boolean']['output']>;
  /** Missing, extra and changed rows together. */
  differences?: Maybe<Scalars['Float']['output']>;
  equal?: Maybe<Scalars['Float']['output']>;
  /** Why it failed. */
  error?: Maybe<Problem>;
  /** Rows of the right side that the left lacks. */
  extra?: Maybe<Scalars['Float']['output']>;
  /** Whether it has come to its end, so that what was counted is there. */
  isCounted: Scalars['Boolean']['output'];
  /** The columns that say which rows belong together. */
  key: Array<Scalars['String']['output']>;
  leftRows?: Maybe<Scalars['Float']['output']>;
  /** Rows of the left side that the right lacks. */
  missing?: Maybe<Scalars['Float']['output']>;
  /** What could not be compared exactly. */
  notes: Array<Scalars['String']['output']>;
  /** Differences for each hundred rows of the larger side. */
  percent?: Maybe<Scalars['Float']['output']>;
  /** Why so. */
  reasons: Array<Scalars['String']['output']>;
  rightRows?: Maybe<Scalars['Float']['output']>;
  /** Its run. */
  run: Run;
  /** How the sides were compared. */
  strategy?: Maybe<Scalars['String']['output']>;
};

/** A column of a changed row, its values as text; absent: NULL. */
export type DiffChange = {
  __typename?: 'DiffChange';
  column: Scalars['String']['output'];
  left?: Maybe<Scalars['String']['output']>;
  right?: Maybe<Scalars['String']['output']>;
};

/** Columns that are called otherwise on the right. */
export type DiffColumnPair = {
  left: Scalars['String']['input'];
  right: Scalars['String']['input'];
};

/** A comparison to be made. */
export type DiffInput = {
  /** Columns to compare; absent: all that both have. */
  columns?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Columns that are not compared. */
  except?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Columns that say which rows belong together; absent: the left table's own key, else whole rows. */
  key?: InputMaybe<Array<Scalars['String']['input']>>;
  /** One side; rows that only it has are missing. */
  left: DiffSideInput;
  /** Columns that are called otherwise on the right. */
  mapping?: InputMaybe<Array<DiffColumnPair>>;
  /** The other; rows that only it has are extra. */
  right: DiffSideInput;
  /**
   * Further settings of the step `diff` as a JSON object in text:
   * `{"tolerance": {"price": 0.01}, "max_differences": 1000}`.
   */
  settings?: InputMaybe<Scalars['String']['input']>;
};

/** Differences in the order of the key. */
export type DiffPage = {
  __typename?: 'DiffPage';
  /** All compared columns, by their left names. */
  columns: Array<Scalars['String']['output']>;
  /** The columns of the key, by their left names. */
  key: Array<Scalars['String']['output']>;
  /** What to ask the next page with; absent: this is the last. */
  next?: Maybe<Scalars['String']['output']>;
  rows: Array<DiffRow>;
};

/** Statements that make the right table equal the left. */
export type DiffRepair = {
  __typename?: 'DiffRepair';
  /** Whether they mend all differences. */
  complete: Scalars['Boolean']['output'];
  /** In the order in which they are to be run. Each may be run twice with the same result. */
  statements: Array<Scalars['String']['output']>;
};

/** One difference. */
export type DiffRow = {
  __typename?: 'DiffRow';
  /** The columns that changed. */
  changes: Array<DiffChange>;
  /** The key's values by name, as a JSON object in text. */
  key: Scalars['String']['output'];
  kind: DifferenceWord;
  /** The whole row by name, as a JSON object in text; absent for a changed row. */
  values?: Maybe<Scalars['String']['output']>;
};

/** A table or query of a connection. */
export type DiffSideInput = {
  /** The connection. */
  connection: Scalars['String']['input'];
  /** A condition in the system's own SQL. */
  filter?: InputMaybe<Scalars['String']['input']>;
  /** A query that only reads, or `table`. */
  query?: InputMaybe<Scalars['String']['input']>;
  /** A table, or `query`. */
  table?: InputMaybe<Scalars['String']['input']>;
};

/** Which kind of difference a row is. */
export type DifferenceWord =
  /** Both have its key, with other values. */
  | 'CHANGED'
  /** Only the right side has it. */
  | 'EXTRA'
  /** Only the left side has the row. */
  | 'MISSING';

/** One person's level for the connections or workflows whose names fit a pattern. */
export type Grant = {
  __typename?: 'Grant';
  level: LevelWord;
  /** A name; `*` stands for any number of characters. */
  pattern: Scalars['String']['output'];
  thing: ThingWord;
};

/** Something that happened to a run. */
export type Happening = {
  __typename?: 'Happening';
  at: Scalars['DateTime']['output'];
  /** Bytes of memory that the rows took. */
  bytes?: Maybe<Scalars['Float']['output']>;
  /** Where several chunks of a step run side by side, whose counts these are: each counts its own rows. */
  chunk?: Maybe<Scalars['Int']['output']>;
  /** Why the step failed or was skipped. */
  error?: Maybe<Problem>;
  /** A line of the log. */
  log?: Maybe<Log>;
  /** Rows that left the step so far by port, as JSON text. */
  ports?: Maybe<Scalars['String']['output']>;
  /** Rows that arrived at the step so far. */
  rowsIn?: Maybe<Scalars['Float']['output']>;
  rowsOut?: Maybe<Scalars['Float']['output']>;
  rowsRejected?: Maybe<Scalars['Float']['output']>;
  /** The run. */
  runId: Scalars['String']['output'];
  /** The run's new status, where that changed. */
  status?: Maybe<RunStatusWord>;
  /** The step it happened to. */
  step?: Maybe<Scalars['String']['output']>;
  /** The step's new status, where that changed. */
  stepStatus?: Maybe<StepStatusWord>;
};

export type Index = {
  __typename?: 'Index';
  columns: Array<Scalars['String']['output']>;
  name: Scalars['String']['output'];
  unique: Scalars['Boolean']['output'];
};

export type KeyStatus = {
  __typename?: 'KeyStatus';
  /** The first seals what is new. */
  keys: Array<KeyUse>;
  /** How many values are not under the first key; `sluice key rotate` seals them anew. */
  outdated: Scalars['Int']['output'];
  /** The file they are in, or the environment variable. */
  source: Scalars['String']['output'];
  /** Values that no key opens: `connection/history`. */
  unreadable: Array<Scalars['String']['output']>;
};

export type KeyUse = {
  __typename?: 'KeyUse';
  /** Names the key without telling it. */
  fingerprint: Scalars['String']['output'];
  sealed: Scalars['Int']['output'];
};

/** What may be done with one connection or workflow. Each allows what the ones before it allow. */
export type LevelWord =
  /** It is as if it were not there. */
  | 'NONE'
  /** See it. */
  | 'READ'
  /** Read rows through it; start, cancel and retry its runs. */
  | 'USE'
  /** Write through it, change it, delete it. */
  | 'WRITE';

/** One line of a run's log. */
export type Log = {
  __typename?: 'Log';
  at: Scalars['DateTime']['output'];
  level: Scalars['String']['output'];
  message: Scalars['String']['output'];
  /** The step, or none for the run as a whole. */
  step?: Maybe<Scalars['String']['output']>;
};

export type LogConnection = {
  __typename?: 'LogConnection';
  /** Items, each with its cursor. */
  edges: Array<LogEdge>;
  /** The items alone. */
  nodes: Array<Log>;
  pageInfo: PageInfo;
};

export type LogEdge = {
  __typename?: 'LogEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Log;
};

export type Me = {
  __typename?: 'Me';
  /** What differs from the role. */
  grants: Array<Grant>;
  /** The name on record; `api` for the server's own token. */
  name: Scalars['String']['output'];
  /** Fields of `Query`, `Mutation` and `Subscription` that may be asked for, at least of some connections and workflows. */
  operations: Array<Scalars['String']['output']>;
  /** Whether nothing may be changed, whatever the role. */
  readOnly: Scalars['Boolean']['output'];
  /** The role that holds: the person's, or the token's where that is less. */
  role: RoleWord;
  /** The person; none for the server's own token. */
  user?: Maybe<User>;
};

export type Migration = {
  __typename?: 'Migration';
  description: Scalars['String']['output'];
  /** The workflow's, too. */
  name: Scalars['String']['output'];
  /** How far its newest run is that moves tables. `runEvents` of that run tells more while it goes on. */
  progress?: Maybe<MigrationProgress>;
  /** The step's settings, as JSON text. */
  settings: Scalars['String']['output'];
};

/** What one column of the target gets. */
export type MigrationColumn = {
  __typename?: 'MigrationColumn';
  /** The source's column, or an expression in its SQL; absent where the target computes it. */
  source?: Maybe<Scalars['String']['output']>;
  sourceType?: Maybe<Scalars['String']['output']>;
  target: Scalars['String']['output'];
  /** Its type there. */
  targetType: Scalars['String']['output'];
};

/** What one column of the target gets: one of `from`, `sql` and `value`. */
export type MigrationColumnInput = {
  /** A column of the source. */
  from?: InputMaybe<Scalars['String']['input']>;
  /** The type in the target's words, where the table is made. */
  nativeType?: InputMaybe<Scalars['String']['input']>;
  /** An expression in the source's SQL. */
  sql?: InputMaybe<Scalars['String']['input']>;
  /** The target's column. */
  target: Scalars['String']['input'];
  /** The same value in every row, as JSON text: `"\"shop\""`, `"7"`. */
  value?: InputMaybe<Scalars['String']['input']>;
};

export type MigrationConnection = {
  __typename?: 'MigrationConnection';
  /** Items, each with its cursor. */
  edges: Array<MigrationEdge>;
  /** The items alone. */
  nodes: Array<Migration>;
  pageInfo: PageInfo;
};

export type MigrationEdge = {
  __typename?: 'MigrationEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Migration;
};

/** Something about a column that people should know. */
export type MigrationHazard = {
  __typename?: 'MigrationHazard';
  /** The source's column. */
  column: Scalars['String']['output'];
  hint?: Maybe<Scalars['String']['output']>;
  /** Whether values would be lost, so that the migration does not start. */
  isLoss: Scalars['Boolean']['output'];
  /** In one word: `zero_dates`, `nul`, `unsigned`, … */
  kind: Scalars['String']['output'];
  /** What is there and what becomes of it. */
  message: Scalars['String']['output'];
  /** How many rows it concerns, where that was counted. */
  rows?: Maybe<Scalars['Float']['output']>;
};

/** What is moved, and how. */
export type MigrationInput = {
  /** What columns of the target get, of one table; others get the source's of their name. */
  columns?: InputMaybe<Array<MigrationColumnInput>>;
  /** Make the target's table where it is missing; absent: yes. */
  create?: InputMaybe<Scalars['Boolean']['input']>;
  /** Tables or patterns to leave out. */
  except?: InputMaybe<Array<Scalars['String']['input']>>;
  /** A condition in the source's SQL. */
  filter?: InputMaybe<Scalars['String']['input']>;
  /** The connection to read from. */
  from: Scalars['String']['input'];
  /** Columns that tell rows apart, where the table has no key of its own. */
  key?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Absent: `APPEND`. */
  mode?: InputMaybe<MigrationMode>;
  /** A query that only reads, or `tables`. */
  query?: InputMaybe<Scalars['String']['input']>;
  /**
   * Further settings of the step `migrate` as a JSON object in text:
   * `{"parallel": 4, "validate": "diff", "convert": {"zero_dates": "null"}}`.
   */
  settings?: InputMaybe<Scalars['String']['input']>;
  /** Columns of the source to leave out. */
  skip?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Tables or patterns (`orders_*`, `*`), or `query`. */
  tables?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The target's table; for several, `*` stands for the source's name; absent: the source's name. */
  target?: InputMaybe<Scalars['String']['input']>;
  /** The connection to write to. */
  to: Scalars['String']['input'];
};

/** Something that is not moved. */
export type MigrationLeftOut = {
  __typename?: 'MigrationLeftOut';
  /** `view`, `trigger`, `procedure`, `function`, `event`, `sequence`, `partitions`. */
  kind: Scalars['String']['output'];
  /** What becomes of it, in a sentence. */
  message: Scalars['String']['output'];
  name: Scalars['String']['output'];
  /** The table it belongs to. */
  table?: Maybe<Scalars['String']['output']>;
};

export type MigrationLook = {
  __typename?: 'MigrationLook';
  /** Whether there are more tables than were looked at. */
  hasMore: Scalars['Boolean']['output'];
  /** What the source has besides, and what is not moved: views, triggers, procedures, partitions. */
  leftOut: Array<MigrationLeftOut>;
  /** Its tables, those that others refer to first. */
  tables: Array<MigrationTable>;
};

/** What happens to rows that are there already. */
export type MigrationMode =
  /** Rows are added; a clash of keys is an error. */
  | 'APPEND'
  /** Rows whose key is there are left out. */
  | 'INSERT_IGNORE'
  /** Rows whose key is there replace the whole old row. */
  | 'REPLACE'
  /** The table is emptied first. */
  | 'TRUNCATE'
  /** Rows whose key is there replace the copied columns of the old row. */
  | 'UPSERT';

export type MigrationProgress = {
  __typename?: 'MigrationProgress';
  bytes: Scalars['Float']['output'];
  chunks?: Maybe<Scalars['Float']['output']>;
  chunksDone?: Maybe<Scalars['Float']['output']>;
  /** Why it failed, with the error's code. */
  error?: Maybe<Scalars['String']['output']>;
  /** Rows that the target refused and that are kept elsewhere. */
  rejected: Scalars['Float']['output'];
  /** Rows written so far. */
  rows: Scalars['Float']['output'];
  /** How many there may be. */
  rowsExpected?: Maybe<Scalars['Float']['output']>;
  rowsPerSecond: Scalars['Float']['output'];
  runId: Scalars['String']['output'];
  /** From its start to now, or to its end. */
  seconds: Scalars['Float']['output'];
  /** About; absent where it is unknown, or over. */
  secondsLeft?: Maybe<Scalars['Float']['output']>;
  state: MigrationState;
  /** What became of each table, as a JSON object in text; absent before the end. */
  tables?: Maybe<Scalars['String']['output']>;
};

/** How far a migration is. */
export type MigrationState =
  /** Somebody stopped it. */
  | 'CANCELLED'
  /** Done and, where asked for, proven. */
  | 'COMPLETED'
  /** It gave up; what was copied stays, and resuming does the rest. */
  | 'FAILED'
  /** Accepted; waits for its turn. */
  | 'PENDING'
  /** Rows are moved. */
  | 'RUNNING'
  /** All rows are there; indexes are made and both sides are compared. */
  | 'VALIDATING';

export type MigrationTable = {
  __typename?: 'MigrationTable';
  /** What goes where unless the settings say otherwise. */
  columns: Array<MigrationColumn>;
  /** Why the table cannot be moved so. */
  error?: Maybe<Problem>;
  /** Whether the target has it already. */
  exists: Scalars['Boolean']['output'];
  /** What people should know of the values and types. */
  hazards: Array<MigrationHazard>;
  /** What people should know of the structure. */
  notes: Array<Scalars['String']['output']>;
  /** The source's own guess of its rows. */
  rowEstimate?: Maybe<Scalars['Float']['output']>;
  /** The first rows as they would arrive, each a JSON object in text. */
  sample: Array<Scalars['String']['output']>;
  /** The source's table. */
  source: Scalars['String']['output'];
  /** The statements that make the table. */
  statements: Array<Scalars['String']['output']>;
  /** The target's. */
  target: Scalars['String']['output'];
};

/** What a run of a migration does. */
export type MigrationTask =
  /** Only looks at both sides, at all values where the settings say so. */
  | 'LOOK'
  /** Moves the tables. */
  | 'MOVE'
  /** Compares a copy that is there with its source, row by row. */
  | 'VALIDATE';

export type Monitor = {
  __typename?: 'Monitor';
  /** None: by hand only. */
  cron?: Maybe<Scalars['String']['output']>;
  description: Scalars['String']['output'];
  /** Whether its schedule runs. */
  enabled: Scalars['Boolean']['output'];
  last?: Maybe<MonitorResult>;
  /** The workflow's, too. */
  name: Scalars['String']['output'];
  template: MonitorTemplate;
};

export type MonitorConnection = {
  __typename?: 'MonitorConnection';
  /** Items, each with its cursor. */
  edges: Array<MonitorEdge>;
  /** The items alone. */
  nodes: Array<Monitor>;
  pageInfo: PageInfo;
};

export type MonitorEdge = {
  __typename?: 'MonitorEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Monitor;
};

/** A monitor to be made. */
export type MonitorInput = {
  /** Channels they are told by; absent: the run's log. */
  channels?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Columns to compare; absent: all. */
  columns?: InputMaybe<Array<Scalars['String']['input']>>;
  /** When it runs, as crontab(5) says it; absent: by hand only. */
  cron?: InputMaybe<Scalars['String']['input']>;
  /** Columns that say which rows belong together. */
  key?: InputMaybe<Array<Scalars['String']['input']>>;
  /** One side. */
  left: MonitorSideInput;
  /** Lowercase letters, digits and `-`. */
  name: Scalars['String']['input'];
  /** Replace the monitor of that name. */
  replace?: InputMaybe<Scalars['Boolean']['input']>;
  /** The other; `DATA_DIFF` must have it. */
  right?: InputMaybe<MonitorSideInput>;
  /** `info`, `warning` or `critical`; absent: `warning`. */
  severity?: InputMaybe<Scalars['String']['input']>;
  /** What it watches. */
  template: MonitorTemplate;
  /** When people are told: `differences > 0`; any counts; absent: at any difference. */
  thresholds?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The zone of that; absent: UTC. */
  timezone?: InputMaybe<Scalars['String']['input']>;
};

export type MonitorResult = {
  __typename?: 'MonitorResult';
  at: Scalars['DateTime']['output'];
  /** Everything that was measured, as JSON text. */
  measures: Scalars['String']['output'];
  /** Whether a threshold was passed. */
  passed: Scalars['Boolean']['output'];
  runId: Scalars['String']['output'];
  /** The run's status. */
  status: Scalars['String']['output'];
  /** By how much that is more than in the run before. */
  trend?: Maybe<Scalars['Float']['output']>;
  /** What the trend is told by. */
  value?: Maybe<Scalars['Float']['output']>;
};

export type MonitorResultConnection = {
  __typename?: 'MonitorResultConnection';
  /** Items, each with its cursor. */
  edges: Array<MonitorResultEdge>;
  /** The items alone. */
  nodes: Array<MonitorResult>;
  pageInfo: PageInfo;
};

export type MonitorResultEdge = {
  __typename?: 'MonitorResultEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: MonitorResult;
};

/** A table or query of a connection. */
export type MonitorSideInput = {
  /** The connection. */
  connection: Scalars['String']['input'];
  /** A condition in the system's own SQL. */
  filter?: InputMaybe<Scalars['String']['input']>;
  /** A query that only reads, or `table`. */
  query?: InputMaybe<Scalars['String']['input']>;
  /** A table, or `query`. */
  table?: InputMaybe<Scalars['String']['input']>;
};

/** What a monitor watches. */
export type MonitorTemplate =
  /** Rows in which two tables differ. */
  | 'DATA_DIFF'
  /** By how many rows two tables differ, or how many one has. */
  | 'ROW_COUNT'
  /** Columns in which two tables differ, or a table from what it was when the monitor was made. */
  | 'SCHEMA_CHANGE';

export type Mutation = {
  __typename?: 'Mutation';
  /** Says that somebody knows of an alert: nobody else is told. */
  acknowledgeAlert: Alert;
  /** Says that somebody knows of an anomaly: it does not alert again. */
  acknowledgeAnomaly: Anomaly;
  /** Applies an alert policy in place of the one before, or tells all its faults. */
  applyAlertPolicy: AlertPolicyApplied;
  /** Makes the tables of a document as it describes them. With `agreed`, only tables whose plan is still the one named. */
  applyTables: TablesApplied;
  /** Cancels the newest run of a migration; what was copied stays. */
  cancelMigration: Migration;
  /** Stops a run. */
  cancelRun: Run;
  /** Stops a statement that runs on this server. */
  cancelStatement: Scalars['Boolean']['output'];
  /** Changes one's own password, and ends one's other sessions. */
  changePassword: Scalars['Boolean']['output'];
  /** Sets what a rule of anomalies does, in place of what was set before. */
  configureAnomalyRule: AnomalyRule;
  /** Saves a new channel; nothing is sent to it yet. */
  createChannel: Channel;
  /** Saves a new connection; nothing is sent to it yet. */
  createConnection: Connection;
  /** Saves a migration: a workflow that moves tables; `replace` the one of that name. */
  createMigration: Migration;
  /**
   * Makes a monitor: a workflow that compares on its schedule and tells people when a threshold is passed.
   * `startRun` runs it now, `setWorkflowEnabled` starts and stops its schedule.
   */
  createMonitor: Monitor;
  /** Makes an API token; its text is in this answer and nowhere else. */
  createToken: CreatedToken;
  /** Adds a person; without a password only the identity provider lets them in. */
  createUser: User;
  /** Forgets the alert policy; false: there was none. */
  deleteAlertPolicy: Scalars['Boolean']['output'];
  /** Deletes a channel. */
  deleteChannel: Scalars['Boolean']['output'];
  /** Deletes a saved connection; `force` even where enabled workflows use it. */
  deleteConnection: Scalars['Boolean']['output'];
  /** Removes a person with their grants, sessions and tokens; what they did stays on record. */
  deleteUser: Scalars['Boolean']['output'];
  /** Removes a workflow and its versions; its runs stay. */
  deleteWorkflow: Scalars['Boolean']['output'];
  /** Drops the tables of a document; without `allowDestructive` it only says what would be dropped. */
  dropTables: TablesDropped;
  /** Ends a session, one's own or, for an admin, anybody's. */
  endSession: Scalars['Boolean']['output'];
  /** Replaces what the version of a plugin that is in use was granted: `http:https://api.example.com`, `clock`, …. */
  grantPlugin: Plugin;
  /**
   * Installs a plugin from an archive made by `sluice plugin pack`, in base64, and puts it to use; a broken one leaves the
   * version before in use. Without `grants` an upgrade keeps what it had. Larger ones go to `POST /api/plugins`.
   */
  installPlugin: Plugin;
  /** Forgets what was set for a pattern. */
  removeGrant: User;
  /** Removes a plugin, or one version of it that is not in use: `name@1.2.3`. */
  removePlugin: Scalars['Boolean']['output'];
  /** Says that an anomaly is not over after all. */
  reopenAnomaly: Anomaly;
  /** Forgets what was set for a rule; false: nothing was. */
  resetAnomalyRule: Scalars['Boolean']['output'];
  /** Sets somebody's password, and ends their sessions. */
  resetPassword: Scalars['Boolean']['output'];
  /** Says that an anomaly is over. */
  resolveAnomaly: Anomaly;
  /** Goes on with what the newest run of a migration has left. */
  resumeMigration: Migration;
  /** Attempts a delivery here and now that failed, was dropped, or waits. */
  retryDelivery: AlertDelivery;
  /** Tries again what did not succeed; with `from`, that step and everything after it as well. */
  retryRun: Run;
  /** Revokes a token, one's own or, for an admin, anybody's. */
  revokeToken: Scalars['Boolean']['output'];
  /** Puts an earlier version of a plugin to use again: the one before, or that of the given number. */
  rollbackPlugin: Plugin;
  /** Runs a statement. It only reads, unless `write` is set and the connection allows writing. */
  runStatement: Answer;
  /** Saves a document as the newest version of the workflow it names, or tells all its faults. */
  saveWorkflow: Saved;
  /** Sets what a person may do with the connections or workflows whose names fit a pattern, in place of their role's level. */
  setGrant: User;
  /** Lets a workflow's triggers fire, or not. */
  setWorkflowEnabled: Workflow;
  /** Begins to compare two tables or queries; `diff` tells what was found, `diffRows` leafs through it. */
  startDiff: Diff;
  /** Starts a run of a migration; absent: it moves the tables. */
  startMigration: Run;
  /** Starts a run. `inputs` is JSON text: `{"day": "2024-01-31"}`. */
  startRun: Run;
  /** Sends a test alert to a channel; a failure is an answer too. */
  testChannel: ChannelTest;
  /** Asks the connection's system who it is. A failure is an answer too. */
  testConnection: ConnectionTest;
  /**
   * Tries a document on the first rows of its sources, without saving it: what leaves each port, and what targets would get.
   * Nothing is written; steps that do something else than work on rows are left out. `upTo` tries one step with all that
   * stands before it; `rows` says how many each source gives (50), `inputs` is JSON text. A step with `pins` gives their rows
   * instead of doing its work, and what only it would need is left alone.
   */
  tryDocument: Tried;
  /** Changes a channel. */
  updateChannel: Channel;
  /** Changes a saved connection; what is absent stays as it is. */
  updateConnection: Connection;
  /** Changes a person's role, or whether they may sign in; what is absent stays as it is. */
  updateUser: User;
  /** Compares the rows of a migration with their source, one by one, in a run of its own. */
  validateMigration: Run;
  /** Compares tables with their description, column by column, and keeps the result in the logs. */
  validateTables: TablesValidation;
};


export type MutationAcknowledgeAlertArgs = {
  comment?: InputMaybe<Scalars['String']['input']>;
  id: Scalars['String']['input'];
};


export type MutationAcknowledgeAnomalyArgs = {
  comment?: InputMaybe<Scalars['String']['input']>;
  id: Scalars['String']['input'];
};


export type MutationApplyAlertPolicyArgs = {
  text: Scalars['String']['input'];
};


export type MutationApplyTablesArgs = {
  agreed?: InputMaybe<Array<TablePlanAgreement>>;
  allowDestructive?: InputMaybe<Scalars['Boolean']['input']>;
  document: Scalars['String']['input'];
  only?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type MutationCancelMigrationArgs = {
  name: Scalars['String']['input'];
};


export type MutationCancelRunArgs = {
  id: Scalars['String']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
};


export type MutationCancelStatementArgs = {
  id: Scalars['String']['input'];
};


export type MutationChangePasswordArgs = {
  newPassword: Scalars['String']['input'];
  oldPassword: Scalars['String']['input'];
};


export type MutationConfigureAnomalyRuleArgs = {
  rule: AnomalyRuleInput;
};


export type MutationCreateChannelArgs = {
  input: ChannelInput;
  name: Scalars['String']['input'];
};


export type MutationCreateConnectionArgs = {
  input: NewConnection;
  name: Scalars['String']['input'];
};


export type MutationCreateMigrationArgs = {
  input: MigrationInput;
  name: Scalars['String']['input'];
  replace?: InputMaybe<Scalars['Boolean']['input']>;
};


export type MutationCreateMonitorArgs = {
  input: MonitorInput;
};


export type MutationCreateTokenArgs = {
  input: TokenInput;
};


export type MutationCreateUserArgs = {
  name: Scalars['String']['input'];
  password?: InputMaybe<Scalars['String']['input']>;
  role: RoleWord;
};


export type MutationDeleteChannelArgs = {
  name: Scalars['String']['input'];
};


export type MutationDeleteConnectionArgs = {
  force?: InputMaybe<Scalars['Boolean']['input']>;
  name: Scalars['String']['input'];
};


export type MutationDeleteUserArgs = {
  id: Scalars['String']['input'];
};


export type MutationDeleteWorkflowArgs = {
  id: Scalars['String']['input'];
};


export type MutationDropTablesArgs = {
  allowDestructive?: InputMaybe<Scalars['Boolean']['input']>;
  document: Scalars['String']['input'];
  only?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type MutationEndSessionArgs = {
  id: Scalars['String']['input'];
};


export type MutationGrantPluginArgs = {
  grants: Array<Scalars['String']['input']>;
  name: Scalars['String']['input'];
};


export type MutationInstallPluginArgs = {
  archive: Scalars['String']['input'];
  grants?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type MutationRemoveGrantArgs = {
  pattern: Scalars['String']['input'];
  thing: ThingWord;
  user: Scalars['String']['input'];
};


export type MutationRemovePluginArgs = {
  name: Scalars['String']['input'];
};


export type MutationReopenAnomalyArgs = {
  comment?: InputMaybe<Scalars['String']['input']>;
  id: Scalars['String']['input'];
};


export type MutationResetAnomalyRuleArgs = {
  rule: Scalars['String']['input'];
};


export type MutationResetPasswordArgs = {
  id: Scalars['String']['input'];
  password: Scalars['String']['input'];
};


export type MutationResolveAnomalyArgs = {
  comment?: InputMaybe<Scalars['String']['input']>;
  id: Scalars['String']['input'];
};


export type MutationResumeMigrationArgs = {
  name: Scalars['String']['input'];
};


export type MutationRetryDeliveryArgs = {
  id: Scalars['String']['input'];
};


export type MutationRetryRunArgs = {
  from?: InputMaybe<Scalars['String']['input']>;
  id: Scalars['String']['input'];
};


export type MutationRevokeTokenArgs = {
  id: Scalars['String']['input'];
};


export type MutationRollbackPluginArgs = {
  name: Scalars['String']['input'];
  to?: InputMaybe<Scalars['String']['input']>;
};


export type MutationRunStatementArgs = {
  input: StatementInput;
};


export type MutationSaveWorkflowArgs = {
  text: Scalars['String']['input'];
};


export type MutationSetGrantArgs = {
  level: LevelWord;
  pattern: Scalars['String']['input'];
  thing: ThingWord;
  user: Scalars['String']['input'];
};


export type MutationSetWorkflowEnabledArgs = {
  enabled: Scalars['Boolean']['input'];
  id: Scalars['String']['input'];
};


export type MutationStartDiffArgs = {
  input: DiffInput;
};


export type MutationStartMigrationArgs = {
  name: Scalars['String']['input'];
  task?: InputMaybe<MigrationTask>;
};


export type MutationStartRunArgs = {
  inputs?: InputMaybe<Scalars['String']['input']>;
  version?: InputMaybe<Scalars['String']['input']>;
  workflow: Scalars['String']['input'];
};


export type MutationTestChannelArgs = {
  name: Scalars['String']['input'];
  severity?: InputMaybe<AlertSeverity>;
};


export type MutationTestConnectionArgs = {
  name: Scalars['String']['input'];
};


export type MutationTryDocumentArgs = {
  document: Scalars['String']['input'];
  inputs?: InputMaybe<Scalars['String']['input']>;
  pins?: InputMaybe<Array<TrialPin>>;
  rows?: InputMaybe<Scalars['Int']['input']>;
  upTo?: InputMaybe<Scalars['String']['input']>;
};


export type MutationUpdateChannelArgs = {
  input: ChannelInput;
  name: Scalars['String']['input'];
};


export type MutationUpdateConnectionArgs = {
  input: ConnectionInput;
  name: Scalars['String']['input'];
};


export type MutationUpdateUserArgs = {
  disabled?: InputMaybe<Scalars['Boolean']['input']>;
  id: Scalars['String']['input'];
  role?: InputMaybe<RoleWord>;
};


export type MutationValidateMigrationArgs = {
  name: Scalars['String']['input'];
};


export type MutationValidateTablesArgs = {
  document: Scalars['String']['input'];
  only?: InputMaybe<Array<Scalars['String']['input']>>;
};

export type NameConnection = {
  __typename?: 'NameConnection';
  /** Items, each with its cursor. */
  edges: Array<NameEdge>;
  /** The items alone. */
  nodes: Array<Scalars['String']['output']>;
  pageInfo: PageInfo;
};

export type NameEdge = {
  __typename?: 'NameEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Scalars['String']['output'];
};

/** A connection to be made: by `url`, or by `system` and `settings`. */
export type NewConnection = {
  /** Whether the console may write through it. */
  allowWrite?: InputMaybe<Scalars['Boolean']['input']>;
  /** What it is for. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** Words to find it by. */
  labels?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The secret, where it is not in the URL; sealed, and never shown again. */
  secret?: InputMaybe<Scalars['String']['input']>;
  /** Host, port and so on, as JSON text. */
  settings?: InputMaybe<Scalars['String']['input']>;
  /** `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`. */
  system?: InputMaybe<Scalars['String']['input']>;
  /** `postgres://user:password@host:5432/database`, and so on. */
  url?: InputMaybe<Scalars['String']['input']>;
};

/** What a list tells of a workflow's document. */
export type Outline = {
  __typename?: 'Outline';
  /** One paragraph for people. */
  description?: Maybe<Scalars['String']['output']>;
  /** Inputs that a run must be given. */
  neededInputs: Array<Scalars['String']['output']>;
  /** When it starts next by itself; none while it is switched off. */
  nextRunAt?: Maybe<Scalars['DateTime']['output']>;
  /** Its cron lines, each with its zone. */
  schedules: Array<Scalars['String']['output']>;
  /** Words to find it by. */
  tags: Array<Scalars['String']['output']>;
  /** Paths of its webhooks, below `/hooks/`. */
  webhooks: Array<Scalars['String']['output']>;
};

/** Where a page ends. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** What to ask the next page with, as `after`. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether there may be more. */
  hasNextPage: Scalars['Boolean']['output'];
};

export type Plugin = {
  __typename?: 'Plugin';
  /** What it asks to be granted, as JSON. */
  asks: Scalars['String']['output'];
  /** JSON Schema of its settings, as JSON. */
  configSchema: Scalars['String']['output'];
  /** The contract it was written for. */
  contract: Scalars['String']['output'];
  /** What it does, in one sentence. */
  description: Scalars['String']['output'];
  /** Digest of manifest and component, in hex. */
  digest: Scalars['String']['output'];
  /** What it was granted: `http:https://api.example.com`, `secret:token=env:API_TOKEN`, `clock`, `kv`. */
  grants: Array<Scalars['String']['output']>;
  /** How it has fared on this server since that was started, all its versions together. */
  health: PluginHealth;
  /** `source`, `sink`, `transform`, `channel`, `translator`. */
  kinds: Array<Scalars['String']['output']>;
  /**
   * The last lines it has logged on this server since that was started, newest first, of `level` or graver: some
   * hundreds, of warnings and errors and of the rest each. A run's own log has all.
   */
  logs: PluginLogConnection;
  /** What it asks for and was not granted. */
  missing: Array<Scalars['String']['output']>;
  /** Its name; the step kind is `plugin/<name>`. */
  name: Scalars['String']['output'];
  /** The name of the trusted key that signed it; none: not signed. */
  signedBy?: Maybe<Scalars['String']['output']>;
  /** The version in use. */
  version: Scalars['String']['output'];
  /** All versions that are kept, newest first; a workflow asks for one by `plugin/<name>@1.2`. */
  versions: Array<Scalars['String']['output']>;
};


export type PluginLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  level?: InputMaybe<PluginLogLevel>;
};

/** An error that a plugin's call ended with. */
export type PluginFailure = {
  __typename?: 'PluginFailure';
  at: Scalars['DateTime']['output'];
  error: Problem;
};

export type PluginHealth = {
  __typename?: 'PluginHealth';
  /** Calls of its functions. */
  calls: Scalars['Float']['output'];
  /** Errors that calls ended with: those it told itself, and those below. */
  failures: Scalars['Float']['output'];
  /** Instances that were made: one for each opened source, sink, transform or translator and each delivery. */
  instances: Scalars['Float']['output'];
  /** The last of the failures. */
  lastFailure?: Maybe<PluginFailure>;
  /** Of these: it exceeded a limit and was ended. */
  limitHits: Scalars['Float']['output'];
  /** Seconds spent in calls, waiting included. */
  seconds: Scalars['Float']['output'];
  /** Of these: it crashed, or broke the contract. */
  traps: Scalars['Float']['output'];
};

export type PluginLog = {
  __typename?: 'PluginLog';
  at: Scalars['DateTime']['output'];
  /** The call it was logged in: it begins with run and step. */
  call: Scalars['String']['output'];
  /** Named facts: `name=value name=value`. */
  fields: Scalars['String']['output'];
  level: PluginLogLevel;
  message: Scalars['String']['output'];
};

export type PluginLogConnection = {
  __typename?: 'PluginLogConnection';
  /** Items, each with its cursor. */
  edges: Array<PluginLogEdge>;
  /** The items alone. */
  nodes: Array<PluginLog>;
  pageInfo: PageInfo;
};

export type PluginLogEdge = {
  __typename?: 'PluginLogEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: PluginLog;
};

/** How important a line is, the gravest first. */
export type PluginLogLevel =
  /** For whoever looks for a fault. */
  | 'DEBUG'
  /** Something failed. */
  | 'ERROR'
  /** Good to know. */
  | 'INFO'
  /** Everything. */
  | 'TRACE'
  /** Worth a look. */
  | 'WARN';

/** Something wrong, in the one shape. */
export type Problem = {
  __typename?: 'Problem';
  code: Scalars['String']['output'];
  column?: Maybe<Scalars['Int']['output']>;
  hint?: Maybe<Scalars['String']['output']>;
  line?: Maybe<Scalars['Int']['output']>;
  message: Scalars['String']['output'];
  path?: Maybe<Scalars['String']['output']>;
};

export type Query = {
  __typename?: 'Query';
  /** The alert of that id. */
  alert: Alert;
  /** The alert policy as it was applied; null: there is none. */
  alertPolicy?: Maybe<Scalars['String']['output']>;
  /** The JSON Schema of an alert policy, as JSON text. */
  alertPolicySchema: Scalars['String']['output'];
  /** Alerts, newest first. */
  alerts: AlertConnection;
  /** Anomalies, the last seen first. */
  anomalies: AnomalyConnection;
  /** The anomaly of that id. */
  anomaly: Anomaly;
  /** What people have set for rules of anomalies. */
  anomalyRules: Array<AnomalyRule>;
  /** What was changed, by whom, newest first. */
  auditLog: AuditConnection;
  /**
   * Whether the audit log is whole: its chain, and the signed checkpoints in the data folder. It reads the whole log; what
   * takes longer than a request may, `sluice audit verify` tells.
   */
  auditVerdict: AuditVerdict;
  /** Backups, newest first. */
  backups: BackupConnection;
  /** The channel of that name. */
  channel: Channel;
  /** The kinds of channels there may be: those of this server and those of its plugins. */
  channelKinds: Array<ChannelKind>;
  /** Channels by name. */
  channels: ChannelConnection;
  /** All faults of a document; none: it would be accepted. */
  check: Array<Problem>;
  /** What can be said of a statement without running it; with `estimate`, what the system expects it to cost. */
  checkStatement: Checked;
  /** The connection of that name. */
  connection: Connection;
  /** Connections by name. */
  connections: ConnectionConnection;
  /** The deliveries of an alert, one for each channel. */
  deliveries: Array<AlertDelivery>;
  /** What a comparison that `startDiff` began has found. */
  diff: Diff;
  /**
   * The statements that would make the right table equal the left, of the first 1,000 differences, or `first`, at most
   * 10,000; nothing is run. `startDiff` with the settings `{"repair": "apply"}` runs all.
   */
  diffRepair: DiffRepair;
  /**
   * Differences of what a run compared, in the order of the key; `after` is `next` of the page before. They are compared when
   * the first is asked for, some thousand at a time, and kept for ten minutes after their last use.
   */
  diffRows: DiffPage;
  /** Whoever asks, and what they may. */
  me: Me;
  /** The migration of that name. */
  migration: Migration;
  /**
   * What a migration would do: tables, columns with their types, hazards, statements, the first rows (5, or `sample`).
   * With `full` one query for each table counts what only its values tell; for large tables start a run of the task
   * `LOOK` instead.
   */
  migrationLook: MigrationLook;
  /** Migrations by name, each with the progress of its newest run. */
  migrations: MigrationConnection;
  /** What a monitor's runs found, newest first. */
  monitorResults: MonitorResultConnection;
  /** Monitors by name, each with its last result. */
  monitors: MonitorConnection;
  /** The plugin of that name; `name@1.2` is a version of it. */
  plugin: Plugin;
  /** The installed plugins, by name. */
  plugins: Array<Plugin>;
  /** The message that a template makes, with sample or real data; nothing is sent. */
  previewAlert: AlertPreview;
  /** The run of that id. */
  run: Run;
  /** Runs, newest first. */
  runs: RunConnection;
  /** The server itself: its version, what it was started with, and the keys that seal secrets. */
  server: Server;
  /** Browsers one has signed in with, the newest first; `all`: everybody's, for an admin. */
  sessions: SessionConnection;
  /** Statements that were asked on the console, newest first. */
  statements: StatementConnection;
  /** The step kinds there are. */
  stepKinds: Array<StepKind>;
  /** What a connection's system says about one of its tables. */
  table: Table;
  /** Entries of one of the four logs about tables, newest first. */
  tableLogs: TableLogConnection;
  /** The document of a connection's tables: those named, or all. */
  tablesImport: TablesImport;
  /** What has to be run so that the tables of a document are as it describes them; `only` names some of them. */
  tablesPlan: TablesPlan;
  /** One's API tokens, the newest first; `all`: everybody's, for an admin. */
  tokens: TokenConnection;
  /** Statements in the words of another dialect, with what may differ. */
  translate: Array<TranslatedStatement>;
  /** The person of that id or name. */
  user: User;
  /** People by name. */
  users: UserConnection;
  /** The workflow of that id or name. */
  workflow: Workflow;
  /** Workflows by name. */
  workflows: WorkflowConnection;
};


export type QueryAlertArgs = {
  id: Scalars['String']['input'];
};


export type QueryAlertsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<AlertFilterInput>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryAnomaliesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<AnomalyFilterInput>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryAnomalyArgs = {
  id: Scalars['String']['input'];
};


export type QueryAuditLogArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<AuditFilterInput>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryBackupsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  connection?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryChannelArgs = {
  name: Scalars['String']['input'];
};


export type QueryChannelsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryCheckArgs = {
  text: Scalars['String']['input'];
};


export type QueryCheckStatementArgs = {
  connection: Scalars['String']['input'];
  estimate?: InputMaybe<Scalars['Boolean']['input']>;
  sql: Scalars['String']['input'];
};


export type QueryConnectionArgs = {
  name: Scalars['String']['input'];
};


export type QueryConnectionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryDeliveriesArgs = {
  alert: Scalars['String']['input'];
};


export type QueryDiffArgs = {
  run: Scalars['String']['input'];
};


export type QueryDiffRepairArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  run: Scalars['String']['input'];
};


export type QueryDiffRowsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  run: Scalars['String']['input'];
};


export type QueryMigrationArgs = {
  name: Scalars['String']['input'];
};


export type QueryMigrationLookArgs = {
  full?: InputMaybe<Scalars['Boolean']['input']>;
  input: MigrationInput;
  sample?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryMigrationsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryMonitorResultsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  name: Scalars['String']['input'];
};


export type QueryMonitorsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryPluginArgs = {
  name: Scalars['String']['input'];
};


export type QueryPreviewAlertArgs = {
  input: AlertPreviewInput;
};


export type QueryRunArgs = {
  id: Scalars['String']['input'];
};


export type QueryRunsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  statuses?: InputMaybe<Array<RunStatusWord>>;
  workflow?: InputMaybe<Scalars['String']['input']>;
};


export type QuerySessionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  all?: InputMaybe<Scalars['Boolean']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryStatementsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  connection?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryTableArgs = {
  connection: Scalars['String']['input'];
  name: Scalars['String']['input'];
};


export type QueryTableLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<TableLogWish>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryTablesImportArgs = {
  connection: Scalars['String']['input'];
  tables?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type QueryTablesPlanArgs = {
  document: Scalars['String']['input'];
  only?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type QueryTokensArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  all?: InputMaybe<Scalars['Boolean']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryTranslateArgs = {
  input: TranslateInput;
};


export type QueryUserArgs = {
  id: Scalars['String']['input'];
};


export type QueryUsersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type QueryWorkflowArgs = {
  id: Scalars['String']['input'];
};


export type QueryWorkflowsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type Reference = {
  __typename?: 'Reference';
  columns: Array<Scalars['String']['output']>;
  name: Scalars['String']['output'];
  /** The columns it refers to. */
  referencedColumns: Array<Scalars['String']['output']>;
  /** The table it refers to. */
  references: Scalars['String']['output'];
};

/** What a person is on this server. Each may do what the ones before it may. */
export type RoleWord =
  /** Everything, people and the audit log too. */
  | 'ADMIN'
  /** Changes workflows, connections and what is in them. */
  | 'EDITOR'
  /** Starts and stops runs, reads rows, cares for anomalies. */
  | 'OPERATOR'
  /** Sees workflows, runs and the names and structure of connections; changes nothing. */
  | 'VIEWER';

export type Run = {
  __typename?: 'Run';
  /** The small files it left, by name, at most 100; `GET /api/runs/{id}/artifacts/{name}` answers one. */
  artifacts: Array<Artifact>;
  createdAt: Scalars['DateTime']['output'];
  /** Why it failed or was canceled. */
  error?: Maybe<Problem>;
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Prefix `run_`. */
  id: Scalars['String']['output'];
  /** What it was given, as JSON text. */
  inputs: Scalars['String']['output'];
  /** Its log, oldest first. While it goes on, the end of a page is where the next lines are asked for later. */
  logs: LogConnection;
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  status: RunStatusWord;
  /** Its steps, in the document's order. */
  steps: Array<Step>;
  /** What started it: `manual`, `cron`, `webhook`. */
  trigger: Scalars['String']['output'];
  /** The version it runs; none where its workflow was deleted. */
  version?: Maybe<Version>;
  /** Id of the version it runs. */
  versionId: Scalars['String']['output'];
  /** Id of the workflow it runs. */
  workflowId: Scalars['String']['output'];
  /** Name of the workflow it runs; none where that was deleted. */
  workflowName?: Maybe<Scalars['String']['output']>;
};


export type RunLogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type RunConnection = {
  __typename?: 'RunConnection';
  /** Items, each with its cursor. */
  edges: Array<RunEdge>;
  /** The items alone. */
  nodes: Array<Run>;
  pageInfo: PageInfo;
};

export type RunEdge = {
  __typename?: 'RunEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Run;
};

/** Where a run stands. */
export type RunStatusWord =
  | 'CANCELED'
  | 'FAILED'
  | 'QUEUED'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'WAITING';

/** What became of a document that was to be saved. */
export type Saved = {
  __typename?: 'Saved';
  /** All its faults, where it was refused. */
  problems: Array<Problem>;
  /** The workflow, where the document was accepted. */
  workflow?: Maybe<Workflow>;
};

export type Server = {
  __typename?: 'Server';
  /** The keys that seal secrets, and whether they open everything. */
  keys: KeyStatus;
  /** What it was started with, by flags and environment; a restart changes it. */
  settings: Array<ServerSetting>;
  startedAt: Scalars['DateTime']['output'];
  /** The document that says where each class of data goes; none: there is none. */
  stores?: Maybe<Scalars['String']['output']>;
  version: Scalars['String']['output'];
};

export type ServerSetting = {
  __typename?: 'ServerSetting';
  /** `--listen`. */
  flag: Scalars['String']['output'];
  /** `serving`, `data`, `limits`, `addresses`, `plugins`, `log`. */
  group: Scalars['String']['output'];
  /** What holds, never a secret; empty: nothing. */
  value: Scalars['String']['output'];
  /** Its environment variable. */
  variable: Scalars['String']['output'];
};

export type Session = {
  __typename?: 'Session';
  /** From where it was begun. */
  address: Scalars['String']['output'];
  /** What the browser calls itself. */
  browser: Scalars['String']['output'];
  createdAt: Scalars['DateTime']['output'];
  /** Whether it is the one that asks. */
  current: Scalars['Boolean']['output'];
  expiresAt: Scalars['DateTime']['output'];
  /** Prefix `session_`. */
  id: Scalars['String']['output'];
  /** When it was last used, to the minute. */
  seenAt: Scalars['DateTime']['output'];
  /** Id of the person. */
  userId: Scalars['String']['output'];
};

export type SessionConnection = {
  __typename?: 'SessionConnection';
  /** Items, each with its cursor. */
  edges: Array<SessionEdge>;
  /** The items alone. */
  nodes: Array<Session>;
  pageInfo: PageInfo;
};

export type SessionEdge = {
  __typename?: 'SessionEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Session;
};

export type Statement = {
  __typename?: 'Statement';
  connection: Scalars['String']['output'];
  durationMs?: Maybe<Scalars['Int']['output']>;
  /** Code of what went wrong. */
  errorCode?: Maybe<Scalars['String']['output']>;
  id: Scalars['String']['output'];
  /** `running`, `succeeded`, `refused`, `failed`, `canceled`, `timed_out` or `interrupted`. */
  outcome: Scalars['String']['output'];
  rows?: Maybe<Scalars['Float']['output']>;
  /** Its text; what looks like a password in it is left out. */
  sql: Scalars['String']['output'];
  startedAt: Scalars['DateTime']['output'];
  truncated: Scalars['Boolean']['output'];
  /** Who asked. */
  who: Scalars['String']['output'];
};

export type StatementConnection = {
  __typename?: 'StatementConnection';
  /** Items, each with its cursor. */
  edges: Array<StatementEdge>;
  /** The items alone. */
  nodes: Array<Statement>;
  pageInfo: PageInfo;
};

export type StatementEdge = {
  __typename?: 'StatementEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Statement;
};

/** What a statement does. */
export type StatementEffect =
  /** Changes tables, rights or settings. */
  | 'DEFINE'
  /** Only reads. */
  | 'READ'
  /** Cannot be told; treated as the worst. */
  | 'UNKNOWN'
  /** Changes rows. */
  | 'WRITE';

/** What is asked of the console. */
export type StatementInput = {
  /** Name of the connection. */
  connection: Scalars['String']['input'];
  /** An id of your own, by which it can be canceled while it runs. */
  id?: InputMaybe<Scalars['String']['input']>;
  /** Rows at most; 1,000 where absent. */
  limit?: InputMaybe<Scalars['Int']['input']>;
  /** Values for its placeholders, as JSON text of a list. */
  params?: InputMaybe<Scalars['String']['input']>;
  /** One statement in the database's own SQL. */
  sql: Scalars['String']['input'];
  /** How long it may take, in milliseconds. */
  timeoutMs?: InputMaybe<Scalars['Int']['input']>;
  /** Whether it may change something, where the connection allows that. */
  write?: InputMaybe<Scalars['Boolean']['input']>;
};

export type Step = {
  __typename?: 'Step';
  /** How many times it was tried. */
  attempts: Scalars['Int']['output'];
  /** How much of `durationMs` it worked rather than waited for a step before or behind it. */
  busyMs: Scalars['Float']['output'];
  bytes: Scalars['Float']['output'];
  /** Processor time of the step's own tasks and threads; what a database did for it is not among it. */
  cpuMs: Scalars['Float']['output'];
  durationMs: Scalars['Float']['output'];
  error?: Maybe<Problem>;
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  id: Scalars['String']['output'];
  /** Values for later steps, as JSON text. */
  outputs: Scalars['String']['output'];
  /**
   * The most memory of the worker's process that was seen while the step was at work, in bytes. Other steps may have been at
   * work in it, too.
   */
  peakMemory: Scalars['Float']['output'];
  /** Rows by port, as JSON text. */
  ports: Scalars['String']['output'];
  /** Rows that arrived; a float, since GraphQL's integers end at 2³¹. */
  rowsIn: Scalars['Float']['output'];
  rowsOut: Scalars['Float']['output'];
  rowsRejected: Scalars['Float']['output'];
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  status: StepStatusWord;
};

/** Whether data edges lead into a step. */
export type StepInputsWord =
  /** `from` is not allowed. */
  | 'NONE'
  /** `from` may be given. */
  | 'OPTIONAL'
  /** `from` is needed. */
  | 'REQUIRED';

export type StepKind = {
  __typename?: 'StepKind';
  /** Whether data edges lead in. */
  inputs: StepInputsWord;
  /** The word in `uses`. */
  name: Scalars['String']['output'];
  /** Whether there are further ports that the settings name. */
  namedPorts: Scalars['Boolean']['output'];
  /** Values it leaves for expressions. */
  outputs: Array<Scalars['String']['output']>;
  /** Ports that data edges may leave by; the first is the default. */
  ports: Array<Scalars['String']['output']>;
  /** JSON Schema of `with`, as text. */
  schema: Scalars['String']['output'];
  summary: Scalars['String']['output'];
};

/** Where a step stands. */
export type StepStatusWord =
  | 'CANCELED'
  | 'FAILED'
  | 'PENDING'
  | 'RUNNING'
  | 'SKIPPED'
  | 'SUCCEEDED';

export type Subscription = {
  __typename?: 'Subscription';
  /** What happens to a run, or to all; the stream of one run ends with it. A reader that falls behind misses old events. */
  runEvents: Happening;
};


export type SubscriptionRunEventsArgs = {
  run?: InputMaybe<Scalars['String']['input']>;
};

export type Table = {
  __typename?: 'Table';
  /** Columns in order. */
  columns: Array<Column>;
  /** What is written about the table. */
  comment?: Maybe<Scalars['String']['output']>;
  /** Foreign keys; none where the connector does not tell. */
  foreignKeys?: Maybe<Array<Reference>>;
  /** Indexes but the primary key's; none where the connector does not tell. */
  indexes?: Maybe<Array<Index>>;
  /** Primary key, or else the first unique key without nullable columns; empty: none. */
  key: Array<Scalars['String']['output']>;
  /** `schema.table` where the schema is not the default one. */
  name: Scalars['String']['output'];
  /** The system's own guess of the number of rows. */
  rowEstimate?: Maybe<Scalars['Float']['output']>;
  /** The whole structure as JSON text; none where the connector does not tell. */
  structure?: Maybe<Scalars['String']['output']>;
};

/** What is to be done with a table. */
export type TableActionWord =
  /** It can be changed. */
  | 'ALTER'
  /** It can be made. */
  | 'CREATE'
  /** It takes a person, wholly or in part. */
  | 'MANUAL'
  /** It is as described. */
  | 'NOTHING';

/** What became of one table. */
export type TableApplied = {
  __typename?: 'TableApplied';
  /** Statements that were run. */
  changes: Array<TableChangeView>;
  connection: Scalars['String']['output'];
  durationMs: Scalars['Float']['output'];
  error?: Maybe<Problem>;
  manual: Array<Scalars['String']['output']>;
  notes: Array<Scalars['String']['output']>;
  status: TableAppliedWord;
  table: Scalars['String']['output'];
};

/** What became of a table, in one word. */
export type TableAppliedWord =
  | 'ALTERED'
  | 'CREATED'
  | 'DROPPED'
  | 'FAILED'
  /** Something is left that takes a person. */
  | 'MANUAL'
  /** It was left alone: a change would lose data, or the plan is not the one agreed to. */
  | 'SKIPPED'
  | 'UNCHANGED';

/** One statement, and what running it means. */
export type TableChangeView = {
  __typename?: 'TableChangeView';
  /** What others cannot do meanwhile: `none`, `writes` or `all`. */
  lock: Scalars['String']['output'];
  /** Data that is lost or may be cut. */
  loss?: Maybe<Scalars['String']['output']>;
  note?: Maybe<Scalars['String']['output']>;
  /** Whether every row is written anew. */
  rewrite: Scalars['Boolean']['output'];
  sql: Scalars['String']['output'];
  summary: Scalars['String']['output'];
};

/** One column on both sides. */
export type TableColumnVerdict = {
  __typename?: 'TableColumnVerdict';
  column: Scalars['String']['output'];
  differences: Array<Scalars['String']['output']>;
  /** As it is. */
  live?: Maybe<Scalars['String']['output']>;
  verdict: TableVerdictWord;
  /** As described. */
  wanted?: Maybe<Scalars['String']['output']>;
};

export type TableLogConnection = {
  __typename?: 'TableLogConnection';
  /** Items, each with its cursor. */
  edges: Array<TableLogEdge>;
  /** The items alone. */
  nodes: Array<TableLogLine>;
  pageInfo: PageInfo;
};

export type TableLogEdge = {
  __typename?: 'TableLogEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: TableLogLine;
};

/** One entry of a log about tables. */
export type TableLogLine = {
  __typename?: 'TableLogLine';
  at: Scalars['DateTime']['output'];
  connection: Scalars['String']['output'];
  ddl?: Maybe<Scalars['String']['output']>;
  durationMs: Scalars['Float']['output'];
  error?: Maybe<Problem>;
  id: Scalars['String']['output'];
  /** What else is known, as JSON text. */
  parameters: Scalars['String']['output'];
  status: TableLogStatusWord;
  subject: Scalars['String']['output'];
  table: Scalars['String']['output'];
  who: Scalars['String']['output'];
};

/** How what an entry tells of ended. */
export type TableLogStatusWord =
  | 'FAILED'
  | 'SKIPPED'
  | 'SUCCEEDED';

/** Which entries of a log. */
export type TableLogWish = {
  connection?: InputMaybe<Scalars['String']['input']>;
  /** `OPERATION` where it is missing. */
  log?: InputMaybe<TableLogWord>;
  since?: InputMaybe<Scalars['DateTime']['input']>;
  status?: InputMaybe<TableLogStatusWord>;
  /** The operation, column, verdict or kind of table. */
  subject?: InputMaybe<Scalars['String']['input']>;
  table?: InputMaybe<Scalars['String']['input']>;
  until?: InputMaybe<Scalars['DateTime']['input']>;
};

/** Which of the four logs about tables. */
export type TableLogWord =
  | 'COLUMN'
  | 'CREATION'
  | 'OPERATION'
  | 'VALIDATION';

/** A plan that the caller has seen and agrees to. */
export type TablePlanAgreement = {
  connection: Scalars['String']['input'];
  fingerprint: Scalars['String']['input'];
  table: Scalars['String']['input'];
};

/** The plan of one table. */
export type TablePlanned = {
  __typename?: 'TablePlanned';
  /** None where it could not be planned. */
  action?: Maybe<TableActionWord>;
  /** Statements in order. */
  changes: Array<TableChangeView>;
  connection: Scalars['String']['output'];
  databaseType: Scalars['String']['output'];
  /** Why it could not be planned. */
  error?: Maybe<Problem>;
  /** Names this very plan; give it back to `applyTables` to run no other. */
  fingerprint: Scalars['String']['output'];
  /** Differences that no statement mends, each with the reason. */
  manual: Array<Scalars['String']['output']>;
  notes: Array<Scalars['String']['output']>;
  table: Scalars['String']['output'];
};

/** What the comparison of one table found. */
export type TableValidation = {
  __typename?: 'TableValidation';
  columns: Array<TableColumnVerdict>;
  connection: Scalars['String']['output'];
  /** Everything that differs, in words. */
  differences: Array<Scalars['String']['output']>;
  error?: Maybe<Problem>;
  table: Scalars['String']['output'];
  verdict: TableVerdictWord;
};

/** Whether a table, or a column, is as described. */
export type TableVerdictWord =
  | 'DIFFERS'
  | 'FAILED'
  | 'MATCHES'
  | 'MISSING';

/** What became of tables that were to be made as described. */
export type TablesApplied = {
  __typename?: 'TablesApplied';
  altered: Scalars['Int']['output'];
  created: Scalars['Int']['output'];
  failed: Scalars['Int']['output'];
  manual: Scalars['Int']['output'];
  /** All faults of the document, where it was refused. */
  problems: Array<Problem>;
  skipped: Scalars['Int']['output'];
  /** Each table, in the order they were worked on. */
  tables: Array<TableApplied>;
  unchanged: Scalars['Int']['output'];
};

/** What became of tables that were to be dropped. */
export type TablesDropped = {
  __typename?: 'TablesDropped';
  /** All faults of the document, where it was refused. */
  problems: Array<Problem>;
  tables: Array<TableApplied>;
};

/** A document written from live tables. */
export type TablesImport = {
  __typename?: 'TablesImport';
  document: Scalars['String']['output'];
  /** Tables that have no place in a document, each with the reason. */
  leftOut: Array<Scalars['String']['output']>;
  tables: Array<Scalars['String']['output']>;
};

/** What has to be run so that tables are as described. */
export type TablesPlan = {
  __typename?: 'TablesPlan';
  /** All faults of the document, where it was refused. */
  problems: Array<Problem>;
  /** Each table, in the order in which they are made. */
  tables: Array<TablePlanned>;
};

/** What the comparison of tables with their description found. */
export type TablesValidation = {
  __typename?: 'TablesValidation';
  /** How many differences there are. */
  differences: Scalars['Int']['output'];
  /** All faults of the document, where it was refused. */
  problems: Array<Problem>;
  tables: Array<TableValidation>;
};

/** What a grant is about. */
export type ThingWord =
  /** Connections. */
  | 'CONNECTION'
  /** Workflows, with their versions and runs. */
  | 'WORKFLOW';

export type TokenConnection = {
  __typename?: 'TokenConnection';
  /** Items, each with its cursor. */
  edges: Array<TokenEdge>;
  /** The items alone. */
  nodes: Array<ApiToken>;
  pageInfo: PageInfo;
};

export type TokenEdge = {
  __typename?: 'TokenEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: ApiToken;
};

/** What an API token is to be. */
export type TokenInput = {
  /** When it stops working; absent: never. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** What it is for. */
  name: Scalars['String']['input'];
  /** Whether it may change nothing. */
  readOnly?: InputMaybe<Scalars['Boolean']['input']>;
  /** The most it may do; absent: what its owner may. */
  role?: InputMaybe<RoleWord>;
  /** Whose it is, by id or name; absent: one's own. Somebody else's takes an admin. */
  user?: InputMaybe<Scalars['String']['input']>;
};

/** What is to be translated. */
export type TranslateInput = {
  /** A connection that says of each result whether it would run there. */
  check?: InputMaybe<Scalars['String']['input']>;
  /** A connection whose tables are the schema instead. */
  connection?: InputMaybe<Scalars['String']['input']>;
  /** The dialect they are in: `mysql`, `mariadb`, `postgres`, `snowflake`, `sqlite` or `tdengine`. */
  from: Scalars['String']['input'];
  /** Plugins with rules of one's own, in their order: each rewrites the statements before or after. */
  rules?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The source's tables, as CREATE TABLE statements of its dialect. */
  schema?: InputMaybe<Scalars['String']['input']>;
  /** Any number of statements. */
  sql: Scalars['String']['input'];
  /** Refuse where there would be a warning. */
  strict?: InputMaybe<Scalars['Boolean']['input']>;
  /** The dialect they are to be in. */
  to: Scalars['String']['input'];
};

export type TranslatedStatement = {
  __typename?: 'TranslatedStatement';
  /** Line where the statement begins in the given text, from 1. */
  line: Scalars['Int']['output'];
  notes: Array<TranslationNote>;
  /** Its text; empty where nothing became of it. */
  sql: Scalars['String']['output'];
};

/** A note on a translation. */
export type TranslationNote = {
  __typename?: 'TranslationNote';
  /** Which rule speaks. */
  code: Scalars['String']['output'];
  /** Column in that line, from 1. */
  column: Scalars['Int']['output'];
  level: TranslationNoteLevel;
  /** Line in the given text, from 1. */
  line: Scalars['Int']['output'];
  message: Scalars['String']['output'];
};

/** How grave a note on a translation is. */
export type TranslationNoteLevel =
  /** Good to know. */
  | 'INFO'
  /** The statement was not translated. */
  | 'REFUSED'
  /** The statement may mean something else. */
  | 'WARNING';

export type Trial = {
  __typename?: 'Trial';
  /** What the steps logged, at most 500 lines. */
  logs: Array<Log>;
  /** What left each port. */
  ports: Array<TrialPort>;
  /** How each step fared; one that is not tried is skipped, with the reason as its error. */
  steps: Array<Step>;
  /** What targets would have got. */
  targets: Array<TrialTarget>;
  /** Whether the minute of a trial was over before all was done. */
  timedOut: Scalars['Boolean']['output'];
};

/**
 * What a port of a step gives instead of the step doing its work, as a trial told it. A step with several ports has a pin for
 * each.
 */
export type TrialPin = {
  columns: Array<TrialPinColumn>;
  port: Scalars['String']['input'];
  /** Rows as JSON text, as in `TrialPort.rows`; at most 1,000. */
  rows: Scalars['String']['input'];
  step: Scalars['String']['input'];
};

/** A column of pinned rows. */
export type TrialPinColumn = {
  name: Scalars['String']['input'];
  /** As a trial told it; what is no known type is text. */
  nativeType: Scalars['String']['input'];
};

export type TrialPort = {
  __typename?: 'TrialPort';
  columns: Array<AnswerColumn>;
  port: Scalars['String']['output'];
  /** The first rows as JSON text, as in `Answer.rows`. */
  rows: Scalars['String']['output'];
  step: Scalars['String']['output'];
  /** How many rows left in all. */
  total: Scalars['Float']['output'];
};

/** What a target would have got. */
export type TrialTarget = {
  __typename?: 'TrialTarget';
  /** The connection, where it is a table. */
  connection?: Maybe<Scalars['String']['output']>;
  /** Whether the table would be made; none where that is not known. */
  makesTable?: Maybe<Scalars['Boolean']['output']>;
  /** Columns of the rows that the table has not. */
  missingColumns: Array<Scalars['String']['output']>;
  /** How the table would be written: `append`, `upsert`, …. */
  mode?: Maybe<Scalars['String']['output']>;
  /** The sink plugin, where it is none. */
  plugin?: Maybe<Scalars['String']['output']>;
  rows: Scalars['Float']['output'];
  step: Scalars['String']['output'];
  table?: Maybe<Scalars['String']['output']>;
};

/** What came of a document that was tried. */
export type Tried = {
  __typename?: 'Tried';
  /** All the document's faults, where it was refused. */
  problems: Array<Problem>;
  /** What came of it, where the document was accepted. */
  trial?: Maybe<Trial>;
};

export type User = {
  __typename?: 'User';
  createdAt: Scalars['DateTime']['output'];
  /** Whether nobody may sign in as this person. */
  disabled: Scalars['Boolean']['output'];
  /** What differs from the role. */
  grants: Array<Grant>;
  /** Whether there is a password; without one only the identity provider lets in. */
  hasPassword: Scalars['Boolean']['output'];
  /** Prefix `user_`. */
  id: Scalars['String']['output'];
  name: Scalars['String']['output'];
  role: RoleWord;
  /** When somebody last signed in. */
  signedInAt?: Maybe<Scalars['DateTime']['output']>;
  updatedAt: Scalars['DateTime']['output'];
};

export type UserConnection = {
  __typename?: 'UserConnection';
  /** Items, each with its cursor. */
  edges: Array<UserEdge>;
  /** The items alone. */
  nodes: Array<User>;
  pageInfo: PageInfo;
};

export type UserEdge = {
  __typename?: 'UserEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: User;
};

export type Version = {
  __typename?: 'Version';
  createdAt: Scalars['DateTime']['output'];
  /** Prefix `version_`. */
  id: Scalars['String']['output'];
  /** Counted from 1. */
  number: Scalars['Int']['output'];
  /** The document, as it was written. */
  text: Scalars['String']['output'];
};

export type VersionConnection = {
  __typename?: 'VersionConnection';
  /** Items, each with its cursor. */
  edges: Array<VersionEdge>;
  /** The items alone. */
  nodes: Array<Version>;
  pageInfo: PageInfo;
};

export type VersionEdge = {
  __typename?: 'VersionEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Version;
};

export type Workflow = {
  __typename?: 'Workflow';
  createdAt: Scalars['DateTime']['output'];
  /** Whether its triggers fire. */
  enabled: Scalars['Boolean']['output'];
  /** Prefix `workflow_`. */
  id: Scalars['String']['output'];
  name: Scalars['String']['output'];
  /** What its document says about it, and when it starts next. */
  outline: Outline;
  /** Its runs, newest first. */
  runs: RunConnection;
  updatedAt: Scalars['DateTime']['output'];
  /** Its newest version. */
  version: Version;
  /** Number of its newest version, counted from 1. */
  versionNumber: Scalars['Int']['output'];
  /** Its versions, newest first. */
  versions: VersionConnection;
};


export type WorkflowRunsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type WorkflowVersionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};

export type WorkflowConnection = {
  __typename?: 'WorkflowConnection';
  /** Items, each with its cursor. */
  edges: Array<WorkflowEdge>;
  /** The items alone. */
  nodes: Array<Workflow>;
  pageInfo: PageInfo;
};

export type WorkflowEdge = {
  __typename?: 'WorkflowEdge';
  /** For `after`. */
  cursor: Scalars['String']['output'];
  node: Workflow;
};

export type PaletteWorkflowsQueryVariables = Exact<{ [key: string]: never; }>;


export type PaletteWorkflowsQuery = { __typename?: 'Query', workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', id: string, name: string }> } };

export type DeliveryFieldsFragment = { __typename?: 'AlertDelivery', id: string, channel: string, level: number, status: DeliveryStatus, reason?: string | null, nextAt?: string | null, messageId?: string | null, providerId?: string | null, createdAt: string, endedAt?: string | null, attempts: Array<{ __typename?: 'DeliveryAttempt', number: number, at: string, outcome: string, code?: string | null, message?: string | null, durationMs?: number | null, nextAt?: string | null }> };

export type AlertRowFragment = { __typename?: 'Alert', id: string, severity: AlertSeverity, title: string, workflow?: string | null, raisedAt: string, duplicateOf?: string | null, acknowledgedAt?: string | null, deliveries: Array<{ __typename?: 'AlertDelivery', id: string, channel: string, status: DeliveryStatus, reason?: string | null }> };

export type AlertListQueryVariables = Exact<{
  filter?: InputMaybe<AlertFilterInput>;
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type AlertListQuery = { __typename?: 'Query', alerts: { __typename?: 'AlertConnection', edges: Array<{ __typename?: 'AlertEdge', node: { __typename?: 'Alert', id: string, severity: AlertSeverity, title: string, workflow?: string | null, raisedAt: string, duplicateOf?: string | null, acknowledgedAt?: string | null, deliveries: Array<{ __typename?: 'AlertDelivery', id: string, channel: string, status: DeliveryStatus, reason?: string | null }> } }>, pageInfo: { __typename?: 'PageInfo', endCursor?: string | null, hasNextPage: boolean } } };

export type OneAlertQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type OneAlertQuery = { __typename?: 'Query', alert: { __typename?: 'Alert', id: string, severity: AlertSeverity, title: string, text: string, link?: string | null, workflow?: string | null, runId?: string | null, step?: string | null, raisedAt: string, duplicateOf?: string | null, acknowledgedAt?: string | null, acknowledgedBy?: string | null, comment?: string | null, fields: Array<{ __typename?: 'AlertField', name: string, value: string }>, labels: Array<{ __typename?: 'AlertField', name: string, value: string }>, deliveries: Array<{ __typename?: 'AlertDelivery', id: string, channel: string, level: number, status: DeliveryStatus, reason?: string | null, nextAt?: string | null, messageId?: string | null, providerId?: string | null, createdAt: string, endedAt?: string | null, attempts: Array<{ __typename?: 'DeliveryAttempt', number: number, at: string, outcome: string, code?: string | null, message?: string | null, durationMs?: number | null, nextAt?: string | null }> }> } };

export type RetryDeliveryMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type RetryDeliveryMutation = { __typename?: 'Mutation', retryDelivery: { __typename?: 'AlertDelivery', id: string, status: DeliveryStatus, attempts: Array<{ __typename?: 'DeliveryAttempt', number: number, message?: string | null }> } };

export type AcknowledgeAlertMutationVariables = Exact<{
  id: Scalars['String']['input'];
  comment?: InputMaybe<Scalars['String']['input']>;
}>;


export type AcknowledgeAlertMutation = { __typename?: 'Mutation', acknowledgeAlert: { __typename?: 'Alert', id: string } };

export type AlertPolicyQueryVariables = Exact<{ [key: string]: never; }>;


export type AlertPolicyQuery = { __typename?: 'Query', alertPolicy?: string | null };

export type AlertChannelsQueryVariables = Exact<{ [key: string]: never; }>;


export type AlertChannelsQuery = { __typename?: 'Query', channels: { __typename?: 'ChannelConnection', nodes: Array<{ __typename?: 'Channel', name: string, kind: string }> } };

export type ApplyPolicyMutationVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type ApplyPolicyMutation = { __typename?: 'Mutation', applyAlertPolicy: { __typename?: 'AlertPolicyApplied', text?: string | null, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }> } };

export type DeletePolicyMutationVariables = Exact<{ [key: string]: never; }>;


export type DeletePolicyMutation = { __typename?: 'Mutation', deleteAlertPolicy: boolean };

export type PreviewAlertQueryVariables = Exact<{
  input: AlertPreviewInput;
}>;


export type PreviewAlertQuery = { __typename?: 'Query', previewAlert: { __typename?: 'AlertPreview', severity: AlertSeverity, subject: string, text: string, markdown: string, fields: Array<{ __typename?: 'AlertField', name: string, value: string }> } };

export type AnomalyFieldsFragment = { __typename?: 'Anomaly', id: string, rule: string, severity: AnomalySeverity, state: AnomalyState, connection: string, table: string, scope: string, message: string, details: string, count: number, firstSeen: string, lastSeen: string, runId?: string | null, changedBy?: string | null, changedAt: string, comment?: string | null, alertedAt?: string | null };

export type AnomalyListQueryVariables = Exact<{
  filter?: InputMaybe<AnomalyFilterInput>;
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type AnomalyListQuery = { __typename?: 'Query', anomalies: { __typename?: 'AnomalyConnection', nodes: Array<{ __typename?: 'Anomaly', id: string, rule: string, severity: AnomalySeverity, state: AnomalyState, connection: string, table: string, scope: string, message: string, details: string, count: number, firstSeen: string, lastSeen: string, runId?: string | null, changedBy?: string | null, changedAt: string, comment?: string | null, alertedAt?: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type OneAnomalyQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type OneAnomalyQuery = { __typename?: 'Query', anomaly: { __typename?: 'Anomaly', id: string, rule: string, severity: AnomalySeverity, state: AnomalyState, connection: string, table: string, scope: string, message: string, details: string, count: number, firstSeen: string, lastSeen: string, runId?: string | null, changedBy?: string | null, changedAt: string, comment?: string | null, alertedAt?: string | null } };

export type AcknowledgeAnomalyMutationVariables = Exact<{
  id: Scalars['String']['input'];
  comment?: InputMaybe<Scalars['String']['input']>;
}>;


export type AcknowledgeAnomalyMutation = { __typename?: 'Mutation', acknowledgeAnomaly: { __typename?: 'Anomaly', id: string, state: AnomalyState } };

export type ResolveAnomalyMutationVariables = Exact<{
  id: Scalars['String']['input'];
  comment?: InputMaybe<Scalars['String']['input']>;
}>;


export type ResolveAnomalyMutation = { __typename?: 'Mutation', resolveAnomaly: { __typename?: 'Anomaly', id: string, state: AnomalyState } };

export type ReopenAnomalyMutationVariables = Exact<{
  id: Scalars['String']['input'];
  comment?: InputMaybe<Scalars['String']['input']>;
}>;


export type ReopenAnomalyMutation = { __typename?: 'Mutation', reopenAnomaly: { __typename?: 'Anomaly', id: string, state: AnomalyState } };

export type AnomalyRulesQueryVariables = Exact<{ [key: string]: never; }>;


export type AnomalyRulesQuery = { __typename?: 'Query', anomalyRules: Array<{ __typename?: 'AnomalyRule', rule: string, thresholds: string, severity?: AnomalySeverity | null, muted: boolean, channels: Array<string>, dedupeSeconds: number }> };

export type ConfigureRuleMutationVariables = Exact<{
  rule: AnomalyRuleInput;
}>;


export type ConfigureRuleMutation = { __typename?: 'Mutation', configureAnomalyRule: { __typename?: 'AnomalyRule', rule: string } };

export type ResetRuleMutationVariables = Exact<{
  rule: Scalars['String']['input'];
}>;


export type ResetRuleMutation = { __typename?: 'Mutation', resetAnomalyRule: boolean };

export type ChannelRowFragment = { __typename?: 'Channel', name: string, kind: string, settings: string, hasSecret: boolean, updatedAt: string };

export type ChannelListQueryVariables = Exact<{ [key: string]: never; }>;


export type ChannelListQuery = { __typename?: 'Query', channels: { __typename?: 'ChannelConnection', nodes: Array<{ __typename?: 'Channel', name: string, kind: string, settings: string, hasSecret: boolean, updatedAt: string }> } };

export type ChannelKindsQueryVariables = Exact<{ [key: string]: never; }>;


export type ChannelKindsQuery = { __typename?: 'Query', channelKinds: Array<{ __typename?: 'ChannelKind', kind: string, summary: string, schema: string, secrets: Array<{ __typename?: 'ChannelSecret', name: string, about: string }> }> };

export type CreateChannelMutationVariables = Exact<{
  name: Scalars['String']['input'];
  input: ChannelInput;
}>;


export type CreateChannelMutation = { __typename?: 'Mutation', createChannel: { __typename?: 'Channel', name: string } };

export type UpdateChannelMutationVariables = Exact<{
  name: Scalars['String']['input'];
  input: ChannelInput;
}>;


export type UpdateChannelMutation = { __typename?: 'Mutation', updateChannel: { __typename?: 'Channel', name: string } };

export type DeleteChannelMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type DeleteChannelMutation = { __typename?: 'Mutation', deleteChannel: boolean };

export type TestChannelMutationVariables = Exact<{
  name: Scalars['String']['input'];
  severity?: InputMaybe<AlertSeverity>;
}>;


export type TestChannelMutation = { __typename?: 'Mutation', testChannel: { __typename?: 'ChannelTest', ok: boolean, message: string, code?: string | null, hint?: string | null, providerId?: string | null } };

export type ConnectionRowFragment = { __typename?: 'Connection', name: string, system: string, settings: string, hasSecret: boolean, isSaved: boolean, variable?: string | null, allowWrite: boolean, description?: string | null, labels: Array<string>, updatedAt?: string | null, lastTest?: { __typename?: 'ConnectionTest', ok: boolean, message: string, code?: string | null, hint?: string | null, durationMs: number, at: string } | null };

export type ConnectionListQueryVariables = Exact<{ [key: string]: never; }>;


export type ConnectionListQuery = { __typename?: 'Query', connections: { __typename?: 'ConnectionConnection', nodes: Array<{ __typename?: 'Connection', name: string, system: string, settings: string, hasSecret: boolean, isSaved: boolean, variable?: string | null, allowWrite: boolean, description?: string | null, labels: Array<string>, updatedAt?: string | null, lastTest?: { __typename?: 'ConnectionTest', ok: boolean, message: string, code?: string | null, hint?: string | null, durationMs: number, at: string } | null }> } };

export type ConnectionUseQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type ConnectionUseQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, workflows: { __typename?: 'NameConnection', nodes: Array<string> } } };

export type OneConnectionQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type OneConnectionQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, system: string, settings: string, hasSecret: boolean, isSaved: boolean, variable?: string | null, allowWrite: boolean, description?: string | null, labels: Array<string>, updatedAt?: string | null, workflows: { __typename?: 'NameConnection', nodes: Array<string> }, lastTest?: { __typename?: 'ConnectionTest', ok: boolean, message: string, code?: string | null, hint?: string | null, durationMs: number, at: string } | null } };

export type CreateConnectionMutationVariables = Exact<{
  name: Scalars['String']['input'];
  input: NewConnection;
}>;


export type CreateConnectionMutation = { __typename?: 'Mutation', createConnection: { __typename?: 'Connection', name: string } };

export type UpdateConnectionMutationVariables = Exact<{
  name: Scalars['String']['input'];
  input: ConnectionInput;
}>;


export type UpdateConnectionMutation = { __typename?: 'Mutation', updateConnection: { __typename?: 'Connection', name: string } };

export type DeleteConnectionMutationVariables = Exact<{
  name: Scalars['String']['input'];
  force: Scalars['Boolean']['input'];
}>;


export type DeleteConnectionMutation = { __typename?: 'Mutation', deleteConnection: boolean };

export type TestConnectionMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type TestConnectionMutation = { __typename?: 'Mutation', testConnection: { __typename?: 'ConnectionTest', ok: boolean, message: string, code?: string | null, hint?: string | null, durationMs: number, at: string } };

export type ConnectionTablesQueryVariables = Exact<{
  name: Scalars['String']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type ConnectionTablesQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, tables: { __typename?: 'NameConnection', nodes: Array<string>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } } };

export type TableShapeQueryVariables = Exact<{
  connection: Scalars['String']['input'];
  table: Scalars['String']['input'];
}>;


export type TableShapeQuery = { __typename?: 'Query', table: { __typename?: 'Table', name: string, key: Array<string>, rowEstimate?: number | null, comment?: string | null, columns: Array<{ __typename?: 'Column', name: string, nativeType: string, nullable: boolean, default?: string | null, comment?: string | null, isTag: boolean }>, indexes?: Array<{ __typename?: 'Index', name: string, columns: Array<string>, unique: boolean }> | null, foreignKeys?: Array<{ __typename?: 'Reference', name: string, columns: Array<string>, references: string, referencedColumns: Array<string> }> | null } };

export type ConsoleConnectionsQueryVariables = Exact<{ [key: string]: never; }>;


export type ConsoleConnectionsQuery = { __typename?: 'Query', connections: { __typename?: 'ConnectionConnection', nodes: Array<{ __typename?: 'Connection', name: string, system: string, allowWrite: boolean }> } };

export type ConsoleTablesQueryVariables = Exact<{
  connection: Scalars['String']['input'];
}>;


export type ConsoleTablesQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, tables: { __typename?: 'NameConnection', nodes: Array<string> } } };

export type ConsoleColumnsQueryVariables = Exact<{
  connection: Scalars['String']['input'];
  table: Scalars['String']['input'];
}>;


export type ConsoleColumnsQuery = { __typename?: 'Query', table: { __typename?: 'Table', name: string, columns: Array<{ __typename?: 'Column', name: string, nativeType: string }> } };

export type CheckStatementQueryVariables = Exact<{
  connection: Scalars['String']['input'];
  sql: Scalars['String']['input'];
  estimate: Scalars['Boolean']['input'];
}>;


export type CheckStatementQuery = { __typename?: 'Query', checkStatement: { __typename?: 'Checked', effect: StatementEffect, tables: Array<string>, refusal?: string | null, estimatedRows?: number | null, estimatedCost?: number | null, plan?: string | null, problem?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, line?: number | null, column?: number | null } | null } };

export type RunStatementMutationVariables = Exact<{
  input: StatementInput;
}>;


export type RunStatementMutation = { __typename?: 'Mutation', runStatement: { __typename?: 'Answer', id: string, rows: string, truncated: boolean, affected?: number | null, durationMs: number, columns: Array<{ __typename?: 'AnswerColumn', name: string, nativeType: string }> } };

export type CancelStatementMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type CancelStatementMutation = { __typename?: 'Mutation', cancelStatement: boolean };

export type StatementHistoryQueryVariables = Exact<{
  connection?: InputMaybe<Scalars['String']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type StatementHistoryQuery = { __typename?: 'Query', statements: { __typename?: 'StatementConnection', nodes: Array<{ __typename?: 'Statement', id: string, connection: string, sql: string, who: string, startedAt: string, outcome: string, rows?: number | null, truncated: boolean, durationMs?: number | null, errorCode?: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type DiffListQueryVariables = Exact<{
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type DiffListQuery = { __typename?: 'Query', workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', id: string, name: string, updatedAt: string, outline: { __typename?: 'Outline', description?: string | null, tags: Array<string> }, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, steps: Array<{ __typename?: 'Step', id: string, outputs: string }> }> } }> } };

export type StartDiffMutationVariables = Exact<{
  input: DiffInput;
}>;


export type StartDiffMutation = { __typename?: 'Mutation', startDiff: { __typename?: 'Diff', run: { __typename?: 'Run', id: string } } };

export type DiffDetailQueryVariables = Exact<{
  run: Scalars['String']['input'];
}>;


export type DiffDetailQuery = { __typename?: 'Query', diff: { __typename?: 'Diff', key: Array<string>, isCounted: boolean, differences?: number | null, missing?: number | null, extra?: number | null, changed?: number | null, equal?: number | null, leftRows?: number | null, rightRows?: number | null, percent?: number | null, strategy?: string | null, reasons: Array<string>, notes: Array<string>, complete?: boolean | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null } | null, run: { __typename?: 'Run', id: string, status: RunStatusWord, workflowName?: string | null, createdAt: string, startedAt?: string | null, finishedAt?: string | null, version?: { __typename?: 'Version', text: string } | null, steps: Array<{ __typename?: 'Step', id: string, outputs: string, rowsIn: number, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null } | null }> } } };

export type DiffRowsQueryVariables = Exact<{
  run: Scalars['String']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type DiffRowsQuery = { __typename?: 'Query', diffRows: { __typename?: 'DiffPage', key: Array<string>, columns: Array<string>, next?: string | null, rows: Array<{ __typename?: 'DiffRow', kind: DifferenceWord, key: string, values?: string | null, changes: Array<{ __typename?: 'DiffChange', column: string, left?: string | null, right?: string | null }> }> } };

export type DiffRepairQueryVariables = Exact<{
  run: Scalars['String']['input'];
  first: Scalars['Int']['input'];
}>;


export type DiffRepairQuery = { __typename?: 'Query', diffRepair: { __typename?: 'DiffRepair', statements: Array<string>, complete: boolean } };

export type CancelDiffMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type CancelDiffMutation = { __typename?: 'Mutation', cancelRun: { __typename?: 'Run', id: string, status: RunStatusWord } };

export type EditorWorkflowQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type EditorWorkflowQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, name: string, versionNumber: number, version: { __typename?: 'Version', number: number, text: string } } };

export type EditorKindsQueryVariables = Exact<{ [key: string]: never; }>;


export type EditorKindsQuery = { __typename?: 'Query', stepKinds: Array<{ __typename?: 'StepKind', name: string, summary: string, schema: string, ports: Array<string>, outputs: Array<string>, inputs: StepInputsWord, namedPorts: boolean }> };

export type CheckDocumentQueryVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type CheckDocumentQuery = { __typename?: 'Query', check: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }> };

export type SaveDocumentMutationVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type SaveDocumentMutation = { __typename?: 'Mutation', saveWorkflow: { __typename?: 'Saved', workflow?: { __typename?: 'Workflow', id: string, name: string, versionNumber: number } | null, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }> } };

export type TryDocumentMutationVariables = Exact<{
  document: Scalars['String']['input'];
  upTo?: InputMaybe<Scalars['String']['input']>;
  rows?: InputMaybe<Scalars['Int']['input']>;
  pins?: InputMaybe<Array<TrialPin> | TrialPin>;
}>;


export type TryDocumentMutation = { __typename?: 'Mutation', tryDocument: { __typename?: 'Tried', problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }>, trial?: { __typename?: 'Trial', timedOut: boolean, steps: Array<{ __typename?: 'Step', id: string, status: StepStatusWord, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null }>, ports: Array<{ __typename?: 'TrialPort', step: string, port: string, total: number, rows: string, columns: Array<{ __typename?: 'AnswerColumn', name: string, nativeType: string }> }>, targets: Array<{ __typename?: 'TrialTarget', step: string, connection?: string | null, table?: string | null, plugin?: string | null, rows: number, makesTable?: boolean | null, missingColumns: Array<string> }> } | null } };

export type StartRunMutationVariables = Exact<{
  workflow: Scalars['String']['input'];
  inputs?: InputMaybe<Scalars['String']['input']>;
}>;


export type StartRunMutation = { __typename?: 'Mutation', startRun: { __typename?: 'Run', id: string } };

export type WorkflowVersionsQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type WorkflowVersionsQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, versions: { __typename?: 'VersionConnection', nodes: Array<{ __typename?: 'Version', id: string, number: number, text: string, createdAt: string }> } } };

export type StepRunsQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type StepRunsQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, steps: Array<{ __typename?: 'Step', id: string, status: StepStatusWord, rowsIn: number, rowsOut: number, rowsRejected: number, durationMs: number, error?: { __typename?: 'Problem', message: string } | null }> }> } } };

export type ConnectionNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type ConnectionNamesQuery = { __typename?: 'Query', connections: { __typename?: 'ConnectionConnection', nodes: Array<{ __typename?: 'Connection', name: string, system: string }> } };

export type TableNamesQueryVariables = Exact<{
  connection: Scalars['String']['input'];
}>;


export type TableNamesQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, tables: { __typename?: 'NameConnection', nodes: Array<string> } } };

export type ColumnNamesQueryVariables = Exact<{
  connection: Scalars['String']['input'];
  table: Scalars['String']['input'];
}>;


export type ColumnNamesQuery = { __typename?: 'Query', table: { __typename?: 'Table', name: string, key: Array<string>, columns: Array<{ __typename?: 'Column', name: string, nativeType: string }> } };

export type MonitorFindingFragment = { __typename?: 'MonitorResult', runId: string, at: string, status: string, measures: string, value?: number | null, trend?: number | null, passed: boolean };

export type MonitorListQueryVariables = Exact<{ [key: string]: never; }>;


export type MonitorListQuery = { __typename?: 'Query', monitors: { __typename?: 'MonitorConnection', nodes: Array<{ __typename?: 'Monitor', name: string, template: MonitorTemplate, description: string, cron?: string | null, enabled: boolean, last?: { __typename?: 'MonitorResult', runId: string, at: string, status: string, measures: string, value?: number | null, trend?: number | null, passed: boolean } | null }> } };

export type MonitorDetailQueryVariables = Exact<{
  name: Scalars['String']['input'];
  first: Scalars['Int']['input'];
}>;


export type MonitorDetailQuery = { __typename?: 'Query', monitorResults: { __typename?: 'MonitorResultConnection', nodes: Array<{ __typename?: 'MonitorResult', runId: string, at: string, status: string, measures: string, value?: number | null, trend?: number | null, passed: boolean }> }, workflow: { __typename?: 'Workflow', id: string, name: string, enabled: boolean, outline: { __typename?: 'Outline', description?: string | null, schedules: Array<string>, nextRunAt?: string | null }, version: { __typename?: 'Version', text: string } } };

export type MonitorDocumentQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type MonitorDocumentQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, version: { __typename?: 'Version', text: string } } };

export type CreateMonitorMutationVariables = Exact<{
  input: MonitorInput;
}>;


export type CreateMonitorMutation = { __typename?: 'Mutation', createMonitor: { __typename?: 'Monitor', name: string } };

export type RunMonitorMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type RunMonitorMutation = { __typename?: 'Mutation', startRun: { __typename?: 'Run', id: string } };

export type EnableMonitorMutationVariables = Exact<{
  id: Scalars['String']['input'];
  enabled: Scalars['Boolean']['input'];
}>;


export type EnableMonitorMutation = { __typename?: 'Mutation', setWorkflowEnabled: { __typename?: 'Workflow', id: string, enabled: boolean } };

export type PluginFieldsFragment = { __typename?: 'Plugin', name: string, version: string, versions: Array<string>, description: string, contract: string, kinds: Array<string>, asks: string, grants: Array<string>, missing: Array<string>, configSchema: string, digest: string, signedBy?: string | null };

export type PluginListQueryVariables = Exact<{ [key: string]: never; }>;


export type PluginListQuery = { __typename?: 'Query', plugins: Array<{ __typename?: 'Plugin', name: string, version: string, versions: Array<string>, description: string, contract: string, kinds: Array<string>, asks: string, grants: Array<string>, missing: Array<string>, configSchema: string, digest: string, signedBy?: string | null }> };

export type OnePluginQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type OnePluginQuery = { __typename?: 'Query', plugin: { __typename?: 'Plugin', name: string, version: string, versions: Array<string>, description: string, contract: string, kinds: Array<string>, asks: string, grants: Array<string>, missing: Array<string>, configSchema: string, digest: string, signedBy?: string | null } };

export type InstallPluginMutationVariables = Exact<{
  archive: Scalars['String']['input'];
}>;


export type InstallPluginMutation = { __typename?: 'Mutation', installPlugin: { __typename?: 'Plugin', name: string, version: string, missing: Array<string> } };

export type GrantPluginMutationVariables = Exact<{
  name: Scalars['String']['input'];
  grants: Array<Scalars['String']['input']> | Scalars['String']['input'];
}>;


export type GrantPluginMutation = { __typename?: 'Mutation', grantPlugin: { __typename?: 'Plugin', name: string, grants: Array<string>, missing: Array<string> } };

export type RollBackPluginMutationVariables = Exact<{
  name: Scalars['String']['input'];
  to?: InputMaybe<Scalars['String']['input']>;
}>;


export type RollBackPluginMutation = { __typename?: 'Mutation', rollbackPlugin: { __typename?: 'Plugin', name: string, version: string } };

export type RemovePluginMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type RemovePluginMutation = { __typename?: 'Mutation', removePlugin: boolean };

export type PluginHealthQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type PluginHealthQuery = { __typename?: 'Query', plugin: { __typename?: 'Plugin', name: string, health: { __typename?: 'PluginHealth', instances: number, calls: number, failures: number, traps: number, limitHits: number, seconds: number, lastFailure?: { __typename?: 'PluginFailure', at: string, error: { __typename?: 'Problem', code: string, message: string, hint?: string | null } } | null } } };

export type PluginLogsQueryVariables = Exact<{
  name: Scalars['String']['input'];
  level?: InputMaybe<PluginLogLevel>;
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
}>;


export type PluginLogsQuery = { __typename?: 'Query', plugin: { __typename?: 'Plugin', name: string, logs: { __typename?: 'PluginLogConnection', nodes: Array<{ __typename?: 'PluginLog', at: string, level: PluginLogLevel, call: string, message: string, fields: string }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } } };

export type RunRowFragment = { __typename?: 'Run', id: string, status: RunStatusWord, trigger: string, workflowName?: string | null, createdAt: string, startedAt?: string | null, finishedAt?: string | null, error?: { __typename?: 'Problem', message: string } | null, steps: Array<{ __typename?: 'Step', id: string, rowsOut: number, rowsRejected: number }> };

export type RunListQueryVariables = Exact<{
  workflow?: InputMaybe<Scalars['String']['input']>;
  statuses?: InputMaybe<Array<RunStatusWord> | RunStatusWord>;
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type RunListQuery = { __typename?: 'Query', runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, trigger: string, workflowName?: string | null, createdAt: string, startedAt?: string | null, finishedAt?: string | null, error?: { __typename?: 'Problem', message: string } | null, steps: Array<{ __typename?: 'Step', id: string, rowsOut: number, rowsRejected: number }> }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type RunWorkflowsQueryVariables = Exact<{ [key: string]: never; }>;


export type RunWorkflowsQuery = { __typename?: 'Query', workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', id: string, name: string }> } };

export type RunStepFragment = { __typename?: 'Step', id: string, status: StepStatusWord, attempts: number, outputs: string, rowsIn: number, rowsOut: number, rowsRejected: number, bytes: number, durationMs: number, busyMs: number, cpuMs: number, peakMemory: number, ports: string, startedAt?: string | null, finishedAt?: string | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null };

export type RunDetailQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type RunDetailQuery = { __typename?: 'Query', run: { __typename?: 'Run', id: string, status: RunStatusWord, trigger: string, inputs: string, workflowId: string, workflowName?: string | null, createdAt: string, startedAt?: string | null, finishedAt?: string | null, version?: { __typename?: 'Version', number: number, text: string } | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null, steps: Array<{ __typename?: 'Step', id: string, status: StepStatusWord, attempts: number, outputs: string, rowsIn: number, rowsOut: number, rowsRejected: number, bytes: number, durationMs: number, busyMs: number, cpuMs: number, peakMemory: number, ports: string, startedAt?: string | null, finishedAt?: string | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null }> } };

export type RunLogsQueryVariables = Exact<{
  id: Scalars['String']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type RunLogsQuery = { __typename?: 'Query', run: { __typename?: 'Run', id: string, logs: { __typename?: 'LogConnection', nodes: Array<{ __typename?: 'Log', at: string, step?: string | null, level: string, message: string }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } } };

export type RunArtifactsQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type RunArtifactsQuery = { __typename?: 'Query', run: { __typename?: 'Run', id: string, artifacts: Array<{ __typename?: 'Artifact', name: string, step: string, rows: number, bytes: number, createdAt: string }> } };

export type RunEventsSubscriptionVariables = Exact<{
  run: Scalars['String']['input'];
}>;


export type RunEventsSubscription = { __typename?: 'Subscription', runEvents: { __typename?: 'Happening', runId: string, status?: RunStatusWord | null, step?: string | null, stepStatus?: StepStatusWord | null, rowsIn?: number | null, rowsOut?: number | null, rowsRejected?: number | null, ports?: string | null, log?: { __typename?: 'Log', at: string } | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null } };

export type AllRunEventsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type AllRunEventsSubscription = { __typename?: 'Subscription', runEvents: { __typename?: 'Happening', runId: string, status?: RunStatusWord | null } };

export type CancelRunMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type CancelRunMutation = { __typename?: 'Mutation', cancelRun: { __typename?: 'Run', id: string, status: RunStatusWord } };

export type RetryRunMutationVariables = Exact<{
  id: Scalars['String']['input'];
  from?: InputMaybe<Scalars['String']['input']>;
}>;


export type RetryRunMutation = { __typename?: 'Mutation', retryRun: { __typename?: 'Run', id: string, status: RunStatusWord } };

export type ServerViewQueryVariables = Exact<{ [key: string]: never; }>;


export type ServerViewQuery = { __typename?: 'Query', server: { __typename?: 'Server', version: string, startedAt: string, stores?: string | null, settings: Array<{ __typename?: 'ServerSetting', group: string, flag: string, variable: string, value: string }>, keys: { __typename?: 'KeyStatus', source: string, outdated: number, unreadable: Array<string>, keys: Array<{ __typename?: 'KeyUse', fingerprint: string, sealed: number }> } } };

export type MailChannelsQueryVariables = Exact<{ [key: string]: never; }>;


export type MailChannelsQuery = { __typename?: 'Query', channels: { __typename?: 'ChannelConnection', nodes: Array<{ __typename?: 'Channel', name: string, kind: string, settings: string }> } };

export type CleanupWorkflowsQueryVariables = Exact<{
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type CleanupWorkflowsQuery = { __typename?: 'Query', workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', name: string, enabled: boolean, outline: { __typename?: 'Outline', nextRunAt?: string | null, schedules: Array<string> }, version: { __typename?: 'Version', text: string } }> } };

export type BackupListQueryVariables = Exact<{
  connection?: InputMaybe<Scalars['String']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type BackupListQuery = { __typename?: 'Query', backups: { __typename?: 'BackupConnection', nodes: Array<{ __typename?: 'Backup', id: string, connection: string, folder: string, method: string, bytes: number, checksum: string, durationMs: number, status: string, error?: string | null, runId?: string | null, createdAt: string, verifiedAt?: string | null }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type PersonFieldsFragment = { __typename?: 'User', id: string, name: string, role: RoleWord, disabled: boolean, hasPassword: boolean, createdAt: string, signedInAt?: string | null, grants: Array<{ __typename?: 'Grant', thing: ThingWord, pattern: string, level: LevelWord }> };

export type PersonListQueryVariables = Exact<{
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type PersonListQuery = { __typename?: 'Query', users: { __typename?: 'UserConnection', nodes: Array<{ __typename?: 'User', id: string, name: string, role: RoleWord, disabled: boolean, hasPassword: boolean, createdAt: string, signedInAt?: string | null, grants: Array<{ __typename?: 'Grant', thing: ThingWord, pattern: string, level: LevelWord }> }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type CreatePersonMutationVariables = Exact<{
  name: Scalars['String']['input'];
  password?: InputMaybe<Scalars['String']['input']>;
  role: RoleWord;
}>;


export type CreatePersonMutation = { __typename?: 'Mutation', createUser: { __typename?: 'User', id: string, name: string } };

export type UpdatePersonMutationVariables = Exact<{
  id: Scalars['String']['input'];
  role?: InputMaybe<RoleWord>;
  disabled?: InputMaybe<Scalars['Boolean']['input']>;
}>;


export type UpdatePersonMutation = { __typename?: 'Mutation', updateUser: { __typename?: 'User', id: string } };

export type DeletePersonMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type DeletePersonMutation = { __typename?: 'Mutation', deleteUser: boolean };

export type ResetPasswordMutationVariables = Exact<{
  id: Scalars['String']['input'];
  password: Scalars['String']['input'];
}>;


export type ResetPasswordMutation = { __typename?: 'Mutation', resetPassword: boolean };

export type SetGrantMutationVariables = Exact<{
  user: Scalars['String']['input'];
  thing: ThingWord;
  pattern: Scalars['String']['input'];
  level: LevelWord;
}>;


export type SetGrantMutation = { __typename?: 'Mutation', setGrant: { __typename?: 'User', id: string } };

export type RemoveGrantMutationVariables = Exact<{
  user: Scalars['String']['input'];
  thing: ThingWord;
  pattern: Scalars['String']['input'];
}>;


export type RemoveGrantMutation = { __typename?: 'Mutation', removeGrant: { __typename?: 'User', id: string } };

export type SessionListQueryVariables = Exact<{
  all?: InputMaybe<Scalars['Boolean']['input']>;
}>;


export type SessionListQuery = { __typename?: 'Query', sessions: { __typename?: 'SessionConnection', nodes: Array<{ __typename?: 'Session', id: string, userId: string, current: boolean, createdAt: string, seenAt: string, expiresAt: string, address: string, browser: string }> } };

export type EndSessionMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type EndSessionMutation = { __typename?: 'Mutation', endSession: boolean };

export type TokenListQueryVariables = Exact<{
  all?: InputMaybe<Scalars['Boolean']['input']>;
}>;


export type TokenListQuery = { __typename?: 'Query', tokens: { __typename?: 'TokenConnection', nodes: Array<{ __typename?: 'ApiToken', id: string, userId: string, name: string, role: RoleWord, readOnly: boolean, createdAt: string, expiresAt?: string | null, usedAt?: string | null }> } };

export type CreateTokenMutationVariables = Exact<{
  input: TokenInput;
}>;


export type CreateTokenMutation = { __typename?: 'Mutation', createToken: { __typename?: 'CreatedToken', text: string, token: { __typename?: 'ApiToken', id: string, name: string } } };

export type RevokeTokenMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type RevokeTokenMutation = { __typename?: 'Mutation', revokeToken: boolean };

export type ChangePasswordMutationVariables = Exact<{
  old: Scalars['String']['input'];
  new: Scalars['String']['input'];
}>;


export type ChangePasswordMutation = { __typename?: 'Mutation', changePassword: boolean };

export type AuditLogQueryVariables = Exact<{
  filter?: InputMaybe<AuditFilterInput>;
  after?: InputMaybe<Scalars['String']['input']>;
  first: Scalars['Int']['input'];
}>;


export type AuditLogQuery = { __typename?: 'Query', auditLog: { __typename?: 'AuditConnection', edges: Array<{ __typename?: 'AuditEdge', node: { __typename?: 'AuditEntry', number: number, at: string, who: string, way: string, address: string, operation: string, subject: string, outcome: string, given: string, before: string, after: string } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } };

export type AuditVerdictQueryVariables = Exact<{ [key: string]: never; }>;


export type AuditVerdictQuery = { __typename?: 'Query', auditVerdict: { __typename?: 'AuditVerdict', whole: boolean, entries: number, checkpoints: number, faultCount: number, firstBroken?: { __typename?: 'AuditFault', entry?: number | null, message: string } | null, faults: Array<{ __typename?: 'AuditFault', entry?: number | null, message: string }> } };

export type StoreRunFragment = { __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null, steps: Array<{ __typename?: 'Step', id: string, outputs: string }> };

export type StoreListQueryVariables = Exact<{ [key: string]: never; }>;


export type StoreListQuery = { __typename?: 'Query', connections: { __typename?: 'ConnectionConnection', nodes: Array<{ __typename?: 'Connection', name: string, system: string }> }, workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', id: string, name: string, outline: { __typename?: 'Outline', tags: Array<string> }, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null, steps: Array<{ __typename?: 'Step', id: string, outputs: string }> }> } }> } };

export type StoreDetailQueryVariables = Exact<{
  workflow: Scalars['String']['input'];
}>;


export type StoreDetailQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, outline: { __typename?: 'Outline', schedules: Array<string>, nextRunAt?: string | null }, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null, steps: Array<{ __typename?: 'Step', id: string, outputs: string }> }> } } };

export type SaveInspectionMutationVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type SaveInspectionMutation = { __typename?: 'Mutation', saveWorkflow: { __typename?: 'Saved', workflow?: { __typename?: 'Workflow', id: string } | null, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null }> } };

export type StartInspectionMutationVariables = Exact<{
  workflow: Scalars['String']['input'];
}>;


export type StartInspectionMutation = { __typename?: 'Mutation', startRun: { __typename?: 'Run', id: string } };

export type TableProblemFragment = { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null };

export type TableChangeFragment = { __typename?: 'TableChangeView', summary: string, sql: string, lock: string, rewrite: boolean, loss?: string | null, note?: string | null };

export type PlanTablesQueryVariables = Exact<{
  document: Scalars['String']['input'];
}>;


export type PlanTablesQuery = { __typename?: 'Query', tablesPlan: { __typename?: 'TablesPlan', problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }>, tables: Array<{ __typename?: 'TablePlanned', databaseType: string, connection: string, table: string, action?: TableActionWord | null, manual: Array<string>, notes: Array<string>, fingerprint: string, changes: Array<{ __typename?: 'TableChangeView', summary: string, sql: string, lock: string, rewrite: boolean, loss?: string | null, note?: string | null }>, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null }> } };

export type ApplyTablesMutationVariables = Exact<{
  document: Scalars['String']['input'];
  agreed: Array<TablePlanAgreement> | TablePlanAgreement;
  allowDestructive: Scalars['Boolean']['input'];
}>;


export type ApplyTablesMutation = { __typename?: 'Mutation', applyTables: { __typename?: 'TablesApplied', created: number, altered: number, unchanged: number, manual: number, failed: number, skipped: number, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }>, tables: Array<{ __typename?: 'TableApplied', connection: string, table: string, status: TableAppliedWord, manual: Array<string>, notes: Array<string>, durationMs: number, changes: Array<{ __typename?: 'TableChangeView', summary: string, sql: string, lock: string, rewrite: boolean, loss?: string | null, note?: string | null }>, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null }> } };

export type ValidateTablesMutationVariables = Exact<{
  document: Scalars['String']['input'];
}>;


export type ValidateTablesMutation = { __typename?: 'Mutation', validateTables: { __typename?: 'TablesValidation', differences: number, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null }>, tables: Array<{ __typename?: 'TableValidation', connection: string, table: string, verdict: TableVerdictWord, differences: Array<string>, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null, columns: Array<{ __typename?: 'TableColumnVerdict', column: string, verdict: TableVerdictWord, wanted?: string | null, live?: string | null, differences: Array<string> }> }> } };

export type ImportTablesQueryVariables = Exact<{
  connection: Scalars['String']['input'];
}>;


export type ImportTablesQuery = { __typename?: 'Query', tablesImport: { __typename?: 'TablesImport', document: string, tables: Array<string>, leftOut: Array<string> } };

export type TableLogQueryVariables = Exact<{
  filter: TableLogWish;
  first: Scalars['Int']['input'];
}>;


export type TableLogQuery = { __typename?: 'Query', tableLogs: { __typename?: 'TableLogConnection', nodes: Array<{ __typename?: 'TableLogLine', id: string, at: string, who: string, connection: string, table: string, subject: string, status: TableLogStatusWord, ddl?: string | null, parameters: string, durationMs: number, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null, path?: string | null, line?: number | null, column?: number | null } | null }> } };

export type TransferProgressFragment = { __typename?: 'MigrationProgress', runId: string, state: MigrationState, rows: number, rowsExpected?: number | null, rejected: number, bytes: number, chunks?: number | null, chunksDone?: number | null, seconds: number, rowsPerSecond: number, secondsLeft?: number | null, error?: string | null, tables?: string | null };

export type TransferListQueryVariables = Exact<{ [key: string]: never; }>;


export type TransferListQuery = { __typename?: 'Query', migrations: { __typename?: 'MigrationConnection', nodes: Array<{ __typename?: 'Migration', name: string, settings: string, progress?: { __typename?: 'MigrationProgress', runId: string, state: MigrationState, rows: number, rowsExpected?: number | null, rejected: number, bytes: number, chunks?: number | null, chunksDone?: number | null, seconds: number, rowsPerSecond: number, secondsLeft?: number | null, error?: string | null, tables?: string | null } | null }> } };

export type TransferDetailQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type TransferDetailQuery = { __typename?: 'Query', migration: { __typename?: 'Migration', name: string, description: string, settings: string, progress?: { __typename?: 'MigrationProgress', runId: string, state: MigrationState, rows: number, rowsExpected?: number | null, rejected: number, bytes: number, chunks?: number | null, chunksDone?: number | null, seconds: number, rowsPerSecond: number, secondsLeft?: number | null, error?: string | null, tables?: string | null } | null }, workflow: { __typename?: 'Workflow', id: string, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, inputs: string, createdAt: string, startedAt?: string | null, finishedAt?: string | null, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null }> } } };

export type TransferLookQueryVariables = Exact<{
  input: MigrationInput;
  full: Scalars['Boolean']['input'];
}>;


export type TransferLookQuery = { __typename?: 'Query', migrationLook: { __typename?: 'MigrationLook', hasMore: boolean, leftOut: Array<{ __typename?: 'MigrationLeftOut', kind: string, name: string, table?: string | null, message: string }>, tables: Array<{ __typename?: 'MigrationTable', source: string, target: string, exists: boolean, rowEstimate?: number | null, notes: Array<string>, statements: Array<string>, sample: Array<string>, columns: Array<{ __typename?: 'MigrationColumn', target: string, targetType: string, source?: string | null, sourceType?: string | null }>, hazards: Array<{ __typename?: 'MigrationHazard', column: string, kind: string, rows?: number | null, message: string, isLoss: boolean, hint?: string | null }>, error?: { __typename?: 'Problem', code: string, message: string, hint?: string | null } | null }> } };

export type CreateTransferMutationVariables = Exact<{
  name: Scalars['String']['input'];
  input: MigrationInput;
  replace: Scalars['Boolean']['input'];
}>;


export type CreateTransferMutation = { __typename?: 'Mutation', createMigration: { __typename?: 'Migration', name: string } };

export type StartTransferMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type StartTransferMutation = { __typename?: 'Mutation', startMigration: { __typename?: 'Run', id: string } };

export type CancelTransferMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type CancelTransferMutation = { __typename?: 'Mutation', cancelMigration: { __typename?: 'Migration', name: string } };

export type ResumeTransferMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type ResumeTransferMutation = { __typename?: 'Mutation', resumeMigration: { __typename?: 'Migration', name: string } };

export type ValidateTransferMutationVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type ValidateTransferMutation = { __typename?: 'Mutation', validateMigration: { __typename?: 'Run', id: string } };

export type SaveDemoMutationVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type SaveDemoMutation = { __typename?: 'Mutation', saveWorkflow: { __typename?: 'Saved', workflow?: { __typename?: 'Workflow', id: string } | null, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null }> } };

export type StartDemoMutationVariables = Exact<{
  workflow: Scalars['String']['input'];
}>;


export type StartDemoMutation = { __typename?: 'Mutation', startRun: { __typename?: 'Run', id: string } };

export type WorkflowRowFragment = { __typename?: 'Workflow', id: string, name: string, enabled: boolean, versionNumber: number, updatedAt: string, outline: { __typename?: 'Outline', description?: string | null, tags: Array<string>, schedules: Array<string>, webhooks: Array<string>, nextRunAt?: string | null }, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, startedAt?: string | null, finishedAt?: string | null }> } };

export type WorkflowListQueryVariables = Exact<{ [key: string]: never; }>;


export type WorkflowListQuery = { __typename?: 'Query', workflows: { __typename?: 'WorkflowConnection', nodes: Array<{ __typename?: 'Workflow', id: string, name: string, enabled: boolean, versionNumber: number, updatedAt: string, outline: { __typename?: 'Outline', description?: string | null, tags: Array<string>, schedules: Array<string>, webhooks: Array<string>, nextRunAt?: string | null }, runs: { __typename?: 'RunConnection', nodes: Array<{ __typename?: 'Run', id: string, status: RunStatusWord, createdAt: string, startedAt?: string | null, finishedAt?: string | null }> } }> } };

export type WorkflowTextQueryVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type WorkflowTextQuery = { __typename?: 'Query', workflow: { __typename?: 'Workflow', id: string, name: string, version: { __typename?: 'Version', text: string } } };

export type EnableWorkflowMutationVariables = Exact<{
  id: Scalars['String']['input'];
  enabled: Scalars['Boolean']['input'];
}>;


export type EnableWorkflowMutation = { __typename?: 'Mutation', setWorkflowEnabled: { __typename?: 'Workflow', id: string, enabled: boolean } };

export type DeleteWorkflowMutationVariables = Exact<{
  id: Scalars['String']['input'];
}>;


export type DeleteWorkflowMutation = { __typename?: 'Mutation', deleteWorkflow: boolean };

export type StartRunNowMutationVariables = Exact<{
  workflow: Scalars['String']['input'];
}>;


export type StartRunNowMutation = { __typename?: 'Mutation', startRun: { __typename?: 'Run', id: string } };

export type ImportWorkflowMutationVariables = Exact<{
  text: Scalars['String']['input'];
}>;


export type ImportWorkflowMutation = { __typename?: 'Mutation', saveWorkflow: { __typename?: 'Saved', workflow?: { __typename?: 'Workflow', id: string, name: string, versionNumber: number } | null, problems: Array<{ __typename?: 'Problem', code: string, message: string, hint?: string | null, line?: number | null, column?: number | null }> } };

export type CatalogConnectionsQueryVariables = Exact<{ [key: string]: never; }>;


export type CatalogConnectionsQuery = { __typename?: 'Query', connections: { __typename?: 'ConnectionConnection', nodes: Array<{ __typename?: 'Connection', name: string, system: string }> } };

export type CatalogTablesQueryVariables = Exact<{
  name: Scalars['String']['input'];
}>;


export type CatalogTablesQuery = { __typename?: 'Query', connection: { __typename?: 'Connection', name: string, tables: { __typename?: 'NameConnection', nodes: Array<string> } } };

export type CatalogTableQueryVariables = Exact<{
  connection: Scalars['String']['input'];
  table: Scalars['String']['input'];
}>;


export type CatalogTableQuery = { __typename?: 'Query', table: { __typename?: 'Table', name: string, key: Array<string>, rowEstimate?: number | null, columns: Array<{ __typename?: 'Column', name: string, nativeType: string, nullable: boolean, default?: string | null }> } };

export type FollowRunSubscriptionVariables = Exact<{
  run: Scalars['String']['input'];
}>;


export type FollowRunSubscription = { __typename?: 'Subscription', runEvents: { __typename?: 'Happening', runId: string, status?: RunStatusWord | null, step?: string | null, stepStatus?: StepStatusWord | null, rowsIn?: number | null, rowsOut?: number | null, chunk?: number | null, log?: { __typename?: 'Log', at: string, step?: string | null, level: string, message: string } | null } };

export type ReadLogQueryVariables = Exact<{
  id: Scalars['String']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type ReadLogQuery = { __typename?: 'Query', run: { __typename?: 'Run', id: string, logs: { __typename?: 'LogConnection', nodes: Array<{ __typename?: 'Log', at: string, step?: string | null, level: string, message: string }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null } } } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const DeliveryFieldsFragmentDoc = new TypedDocumentString(`
    fragment DeliveryFields on AlertDelivery {
  id
  channel
  level
  status
  reason
  nextAt
  messageId
  providerId
  createdAt
  endedAt
  attempts {
    number
    at
    outcome
    code
    message
    durationMs
    nextAt
  }
}
    `, {"fragmentName":"DeliveryFields"}) as unknown as TypedDocumentString<DeliveryFieldsFragment, unknown>;
export const AlertRowFragmentDoc = new TypedDocumentString(`
    fragment AlertRow on Alert {
  id
  severity
  title
  workflow
  raisedAt
  duplicateOf
  acknowledgedAt
  deliveries {
    id
    channel
    status
    reason
  }
}
    `, {"fragmentName":"AlertRow"}) as unknown as TypedDocumentString<AlertRowFragment, unknown>;
export const AnomalyFieldsFragmentDoc = new TypedDocumentString(`
    fragment AnomalyFields on Anomaly {
  id
  rule
  severity
  state
  connection
  table
  scope
  message
  details
  count
  firstSeen
  lastSeen
  runId
  changedBy
  changedAt
  comment
  alertedAt
}
    `, {"fragmentName":"AnomalyFields"}) as unknown as TypedDocumentString<AnomalyFieldsFragment, unknown>;
export const ChannelRowFragmentDoc = new TypedDocumentString(`
    fragment ChannelRow on Channel {
  name
  kind
  settings
  hasSecret
  updatedAt
}
    `, {"fragmentName":"ChannelRow"}) as unknown as TypedDocumentString<ChannelRowFragment, unknown>;
export const ConnectionRowFragmentDoc = new TypedDocumentString(`
    fragment ConnectionRow on Connection {
  name
  system
  settings
  hasSecret
  isSaved
  variable
  allowWrite
  description
  labels
  updatedAt
  lastTest {
    ok
    message
    code
    hint
    durationMs
    at
  }
}
    `, {"fragmentName":"ConnectionRow"}) as unknown as TypedDocumentString<ConnectionRowFragment, unknown>;
export const MonitorFindingFragmentDoc = new TypedDocumentString(`
    fragment MonitorFinding on MonitorResult {
  runId
  at
  status
  measures
  value
  trend
  passed
}
    `, {"fragmentName":"MonitorFinding"}) as unknown as TypedDocumentString<MonitorFindingFragment, unknown>;
export const PluginFieldsFragmentDoc = new TypedDocumentString(`
    fragment PluginFields on Plugin {
  name
  version
  versions
  description
  contract
  kinds
  asks
  grants
  missing
  configSchema
  digest
  signedBy
}
    `, {"fragmentName":"PluginFields"}) as unknown as TypedDocumentString<PluginFieldsFragment, unknown>;
export const RunRowFragmentDoc = new TypedDocumentString(`
    fragment RunRow on Run {
  id
  status
  trigger
  workflowName
  createdAt
  startedAt
  finishedAt
  error {
    message
  }
  steps {
    id
    rowsOut
    rowsRejected
  }
}
    `, {"fragmentName":"RunRow"}) as unknown as TypedDocumentString<RunRowFragment, unknown>;
export const RunStepFragmentDoc = new TypedDocumentString(`
    fragment RunStep on Step {
  id
  status
  attempts
  outputs
  rowsIn
  rowsOut
  rowsRejected
  bytes
  durationMs
  busyMs
  cpuMs
  peakMemory
  ports
  startedAt
  finishedAt
  error {
    code
    message
    hint
    path
    line
    column
  }
}
    `, {"fragmentName":"RunStep"}) as unknown as TypedDocumentString<RunStepFragment, unknown>;
export const PersonFieldsFragmentDoc = new TypedDocumentString(`
    fragment PersonFields on User {
  id
  name
  role
  disabled
  hasPassword
  createdAt
  signedInAt
  grants {
    thing
    pattern
    level
  }
}
    `, {"fragmentName":"PersonFields"}) as unknown as TypedDocumentString<PersonFieldsFragment, unknown>;
export const StoreRunFragmentDoc = new TypedDocumentString(`
    fragment StoreRun on Run {
  id
  status
  createdAt
  error {
    code
    message
    hint
  }
  steps {
    id
    outputs
  }
}
    `, {"fragmentName":"StoreRun"}) as unknown as TypedDocumentString<StoreRunFragment, unknown>;
export const TableProblemFragmentDoc = new TypedDocumentString(`
    fragment TableProblem on Problem {
  code
  message
  hint
  path
  line
  column
}
    `, {"fragmentName":"TableProblem"}) as unknown as TypedDocumentString<TableProblemFragment, unknown>;
export const TableChangeFragmentDoc = new TypedDocumentString(`
    fragment TableChange on TableChangeView {
  summary
  sql
  lock
  rewrite
  loss
  note
}
    `, {"fragmentName":"TableChange"}) as unknown as TypedDocumentString<TableChangeFragment, unknown>;
export const TransferProgressFragmentDoc = new TypedDocumentString(`
    fragment TransferProgress on MigrationProgress {
  runId
  state
  rows
  rowsExpected
  rejected
  bytes
  chunks
  chunksDone
  seconds
  rowsPerSecond
  secondsLeft
  error
  tables
}
    `, {"fragmentName":"TransferProgress"}) as unknown as TypedDocumentString<TransferProgressFragment, unknown>;
export const WorkflowRowFragmentDoc = new TypedDocumentString(`
    fragment WorkflowRow on Workflow {
  id
  name
  enabled
  versionNumber
  updatedAt
  outline {
    description
    tags
    schedules
    webhooks
    nextRunAt
  }
  runs(first: 12) {
    nodes {
      id
      status
      createdAt
      startedAt
      finishedAt
    }
  }
}
    `, {"fragmentName":"WorkflowRow"}) as unknown as TypedDocumentString<WorkflowRowFragment, unknown>;
export const PaletteWorkflowsDocument = new TypedDocumentString(`
    query PaletteWorkflows {
  workflows(first: 200) {
    nodes {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<PaletteWorkflowsQuery, PaletteWorkflowsQueryVariables>;
export const AlertListDocument = new TypedDocumentString(`
    query AlertList($filter: AlertFilterInput, $after: String, $first: Int!) {
  alerts(filter: $filter, after: $after, first: $first) {
    edges {
      node {
        ...AlertRow
      }
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    fragment AlertRow on Alert {
  id
  severity
  title
  workflow
  raisedAt
  duplicateOf
  acknowledgedAt
  deliveries {
    id
    channel
    status
    reason
  }
}`) as unknown as TypedDocumentString<AlertListQuery, AlertListQueryVariables>;
export const OneAlertDocument = new TypedDocumentString(`
    query OneAlert($id: String!) {
  alert(id: $id) {
    id
    severity
    title
    text
    fields {
      name
      value
    }
    link
    labels {
      name
      value
    }
    workflow
    runId
    step
    raisedAt
    duplicateOf
    acknowledgedAt
    acknowledgedBy
    comment
    deliveries {
      ...DeliveryFields
    }
  }
}
    fragment DeliveryFields on AlertDelivery {
  id
  channel
  level
  status
  reason
  nextAt
  messageId
  providerId
  createdAt
  endedAt
  attempts {
    number
    at
    outcome
    code
    message
    durationMs
    nextAt
  }
}`) as unknown as TypedDocumentString<OneAlertQuery, OneAlertQueryVariables>;
export const RetryDeliveryDocument = new TypedDocumentString(`
    mutation RetryDelivery($id: String!) {
  retryDelivery(id: $id) {
    id
    status
    attempts {
      number
      message
    }
  }
}
    `) as unknown as TypedDocumentString<RetryDeliveryMutation, RetryDeliveryMutationVariables>;
export const AcknowledgeAlertDocument = new TypedDocumentString(`
    mutation AcknowledgeAlert($id: String!, $comment: String) {
  acknowledgeAlert(id: $id, comment: $comment) {
    id
  }
}
    `) as unknown as TypedDocumentString<AcknowledgeAlertMutation, AcknowledgeAlertMutationVariables>;
export const AlertPolicyDocument = new TypedDocumentString(`
    query AlertPolicy {
  alertPolicy
}
    `) as unknown as TypedDocumentString<AlertPolicyQuery, AlertPolicyQueryVariables>;
export const AlertChannelsDocument = new TypedDocumentString(`
    query AlertChannels {
  channels(first: 200) {
    nodes {
      name
      kind
    }
  }
}
    `) as unknown as TypedDocumentString<AlertChannelsQuery, AlertChannelsQueryVariables>;
export const ApplyPolicyDocument = new TypedDocumentString(`
    mutation ApplyPolicy($text: String!) {
  applyAlertPolicy(text: $text) {
    text
    problems {
      code
      message
      hint
      path
      line
      column
    }
  }
}
    `) as unknown as TypedDocumentString<ApplyPolicyMutation, ApplyPolicyMutationVariables>;
export const DeletePolicyDocument = new TypedDocumentString(`
    mutation DeletePolicy {
  deleteAlertPolicy
}
    `) as unknown as TypedDocumentString<DeletePolicyMutation, DeletePolicyMutationVariables>;
export const PreviewAlertDocument = new TypedDocumentString(`
    query PreviewAlert($input: AlertPreviewInput!) {
  previewAlert(input: $input) {
    severity
    subject
    text
    markdown
    fields {
      name
      value
    }
  }
}
    `) as unknown as TypedDocumentString<PreviewAlertQuery, PreviewAlertQueryVariables>;
export const AnomalyListDocument = new TypedDocumentString(`
    query AnomalyList($filter: AnomalyFilterInput, $after: String, $first: Int!) {
  anomalies(filter: $filter, after: $after, first: $first) {
    nodes {
      ...AnomalyFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment AnomalyFields on Anomaly {
  id
  rule
  severity
  state
  connection
  table
  scope
  message
  details
  count
  firstSeen
  lastSeen
  runId
  changedBy
  changedAt
  comment
  alertedAt
}`) as unknown as TypedDocumentString<AnomalyListQuery, AnomalyListQueryVariables>;
export const OneAnomalyDocument = new TypedDocumentString(`
    query OneAnomaly($id: String!) {
  anomaly(id: $id) {
    ...AnomalyFields
  }
}
    fragment AnomalyFields on Anomaly {
  id
  rule
  severity
  state
  connection
  table
  scope
  message
  details
  count
  firstSeen
  lastSeen
  runId
  changedBy
  changedAt
  comment
  alertedAt
}`) as unknown as TypedDocumentString<OneAnomalyQuery, OneAnomalyQueryVariables>;
export const AcknowledgeAnomalyDocument = new TypedDocumentString(`
    mutation AcknowledgeAnomaly($id: String!, $comment: String) {
  acknowledgeAnomaly(id: $id, comment: $comment) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<AcknowledgeAnomalyMutation, AcknowledgeAnomalyMutationVariables>;
export const ResolveAnomalyDocument = new TypedDocumentString(`
    mutation ResolveAnomaly($id: String!, $comment: String) {
  resolveAnomaly(id: $id, comment: $comment) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<ResolveAnomalyMutation, ResolveAnomalyMutationVariables>;
export const ReopenAnomalyDocument = new TypedDocumentString(`
    mutation ReopenAnomaly($id: String!, $comment: String) {
  reopenAnomaly(id: $id, comment: $comment) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<ReopenAnomalyMutation, ReopenAnomalyMutationVariables>;
export const AnomalyRulesDocument = new TypedDocumentString(`
    query AnomalyRules {
  anomalyRules {
    rule
    thresholds
    severity
    muted
    channels
    dedupeSeconds
  }
}
    `) as unknown as TypedDocumentString<AnomalyRulesQuery, AnomalyRulesQueryVariables>;
export const ConfigureRuleDocument = new TypedDocumentString(`
    mutation ConfigureRule($rule: AnomalyRuleInput!) {
  configureAnomalyRule(rule: $rule) {
    rule
  }
}
    `) as unknown as TypedDocumentString<ConfigureRuleMutation, ConfigureRuleMutationVariables>;
export const ResetRuleDocument = new TypedDocumentString(`
    mutation ResetRule($rule: String!) {
  resetAnomalyRule(rule: $rule)
}
    `) as unknown as TypedDocumentString<ResetRuleMutation, ResetRuleMutationVariables>;
export const ChannelListDocument = new TypedDocumentString(`
    query ChannelList {
  channels(first: 200) {
    nodes {
      ...ChannelRow
    }
  }
}
    fragment ChannelRow on Channel {
  name
  kind
  settings
  hasSecret
  updatedAt
}`) as unknown as TypedDocumentString<ChannelListQuery, ChannelListQueryVariables>;
export const ChannelKindsDocument = new TypedDocumentString(`
    query ChannelKinds {
  channelKinds {
    kind
    summary
    schema
    secrets {
      name
      about
    }
  }
}
    `) as unknown as TypedDocumentString<ChannelKindsQuery, ChannelKindsQueryVariables>;
export const CreateChannelDocument = new TypedDocumentString(`
    mutation CreateChannel($name: String!, $input: ChannelInput!) {
  createChannel(name: $name, input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<CreateChannelMutation, CreateChannelMutationVariables>;
export const UpdateChannelDocument = new TypedDocumentString(`
    mutation UpdateChannel($name: String!, $input: ChannelInput!) {
  updateChannel(name: $name, input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<UpdateChannelMutation, UpdateChannelMutationVariables>;
export const DeleteChannelDocument = new TypedDocumentString(`
    mutation DeleteChannel($name: String!) {
  deleteChannel(name: $name)
}
    `) as unknown as TypedDocumentString<DeleteChannelMutation, DeleteChannelMutationVariables>;
export const TestChannelDocument = new TypedDocumentString(`
    mutation TestChannel($name: String!, $severity: AlertSeverity) {
  testChannel(name: $name, severity: $severity) {
    ok
    message
    code
    hint
    providerId
  }
}
    `) as unknown as TypedDocumentString<TestChannelMutation, TestChannelMutationVariables>;
export const ConnectionListDocument = new TypedDocumentString(`
    query ConnectionList {
  connections(first: 200) {
    nodes {
      ...ConnectionRow
    }
  }
}
    fragment ConnectionRow on Connection {
  name
  system
  settings
  hasSecret
  isSaved
  variable
  allowWrite
  description
  labels
  updatedAt
  lastTest {
    ok
    message
    code
    hint
    durationMs
    at
  }
}`) as unknown as TypedDocumentString<ConnectionListQuery, ConnectionListQueryVariables>;
export const ConnectionUseDocument = new TypedDocumentString(`
    query ConnectionUse($name: String!) {
  connection(name: $name) {
    name
    workflows {
      nodes
    }
  }
}
    `) as unknown as TypedDocumentString<ConnectionUseQuery, ConnectionUseQueryVariables>;
export const OneConnectionDocument = new TypedDocumentString(`
    query OneConnection($name: String!) {
  connection(name: $name) {
    ...ConnectionRow
    workflows {
      nodes
    }
  }
}
    fragment ConnectionRow on Connection {
  name
  system
  settings
  hasSecret
  isSaved
  variable
  allowWrite
  description
  labels
  updatedAt
  lastTest {
    ok
    message
    code
    hint
    durationMs
    at
  }
}`) as unknown as TypedDocumentString<OneConnectionQuery, OneConnectionQueryVariables>;
export const CreateConnectionDocument = new TypedDocumentString(`
    mutation CreateConnection($name: String!, $input: NewConnection!) {
  createConnection(name: $name, input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<CreateConnectionMutation, CreateConnectionMutationVariables>;
export const UpdateConnectionDocument = new TypedDocumentString(`
    mutation UpdateConnection($name: String!, $input: ConnectionInput!) {
  updateConnection(name: $name, input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<UpdateConnectionMutation, UpdateConnectionMutationVariables>;
export const DeleteConnectionDocument = new TypedDocumentString(`
    mutation DeleteConnection($name: String!, $force: Boolean!) {
  deleteConnection(name: $name, force: $force)
}
    `) as unknown as TypedDocumentString<DeleteConnectionMutation, DeleteConnectionMutationVariables>;
export const TestConnectionDocument = new TypedDocumentString(`
    mutation TestConnection($name: String!) {
  testConnection(name: $name) {
    ok
    message
    code
    hint
    durationMs
    at
  }
}
    `) as unknown as TypedDocumentString<TestConnectionMutation, TestConnectionMutationVariables>;
export const ConnectionTablesDocument = new TypedDocumentString(`
    query ConnectionTables($name: String!, $after: String, $first: Int!) {
  connection(name: $name) {
    name
    tables(after: $after, first: $first) {
      nodes
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ConnectionTablesQuery, ConnectionTablesQueryVariables>;
export const TableShapeDocument = new TypedDocumentString(`
    query TableShape($connection: String!, $table: String!) {
  table(connection: $connection, name: $table) {
    name
    columns {
      name
      nativeType
      nullable
      default
      comment
      isTag
    }
    key
    rowEstimate
    indexes {
      name
      columns
      unique
    }
    foreignKeys {
      name
      columns
      references
      referencedColumns
    }
    comment
  }
}
    `) as unknown as TypedDocumentString<TableShapeQuery, TableShapeQueryVariables>;
export const ConsoleConnectionsDocument = new TypedDocumentString(`
    query ConsoleConnections {
  connections(first: 200) {
    nodes {
      name
      system
      allowWrite
    }
  }
}
    `) as unknown as TypedDocumentString<ConsoleConnectionsQuery, ConsoleConnectionsQueryVariables>;
export const ConsoleTablesDocument = new TypedDocumentString(`
    query ConsoleTables($connection: String!) {
  connection(name: $connection) {
    name
    tables(first: 200) {
      nodes
    }
  }
}
    `) as unknown as TypedDocumentString<ConsoleTablesQuery, ConsoleTablesQueryVariables>;
export const ConsoleColumnsDocument = new TypedDocumentString(`
    query ConsoleColumns($connection: String!, $table: String!) {
  table(connection: $connection, name: $table) {
    name
    columns {
      name
      nativeType
    }
  }
}
    `) as unknown as TypedDocumentString<ConsoleColumnsQuery, ConsoleColumnsQueryVariables>;
export const CheckStatementDocument = new TypedDocumentString(`
    query CheckStatement($connection: String!, $sql: String!, $estimate: Boolean!) {
  checkStatement(connection: $connection, sql: $sql, estimate: $estimate) {
    effect
    tables
    refusal
    estimatedRows
    estimatedCost
    plan
    problem {
      code
      message
      hint
      line
      column
    }
  }
}
    `) as unknown as TypedDocumentString<CheckStatementQuery, CheckStatementQueryVariables>;
export const RunStatementDocument = new TypedDocumentString(`
    mutation RunStatement($input: StatementInput!) {
  runStatement(input: $input) {
    id
    columns {
      name
      nativeType
    }
    rows
    truncated
    affected
    durationMs
  }
}
    `) as unknown as TypedDocumentString<RunStatementMutation, RunStatementMutationVariables>;
export const CancelStatementDocument = new TypedDocumentString(`
    mutation CancelStatement($id: String!) {
  cancelStatement(id: $id)
}
    `) as unknown as TypedDocumentString<CancelStatementMutation, CancelStatementMutationVariables>;
export const StatementHistoryDocument = new TypedDocumentString(`
    query StatementHistory($connection: String, $after: String) {
  statements(connection: $connection, after: $after, first: 50) {
    nodes {
      id
      connection
      sql
      who
      startedAt
      outcome
      rows
      truncated
      durationMs
      errorCode
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<StatementHistoryQuery, StatementHistoryQueryVariables>;
export const DiffListDocument = new TypedDocumentString(`
    query DiffList($after: String) {
  workflows(first: 200, after: $after) {
    nodes {
      id
      name
      updatedAt
      outline {
        description
        tags
      }
      runs(first: 1) {
        nodes {
          id
          status
          createdAt
          steps {
            id
            outputs
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DiffListQuery, DiffListQueryVariables>;
export const StartDiffDocument = new TypedDocumentString(`
    mutation StartDiff($input: DiffInput!) {
  startDiff(input: $input) {
    run {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<StartDiffMutation, StartDiffMutationVariables>;
export const DiffDetailDocument = new TypedDocumentString(`
    query DiffDetail($run: String!) {
  diff(run: $run) {
    key
    isCounted
    differences
    missing
    extra
    changed
    equal
    leftRows
    rightRows
    percent
    strategy
    reasons
    notes
    complete
    error {
      code
      message
      hint
      path
    }
    run {
      id
      status
      workflowName
      createdAt
      startedAt
      finishedAt
      version {
        text
      }
      steps {
        id
        outputs
        rowsIn
        error {
          code
          message
          hint
          path
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DiffDetailQuery, DiffDetailQueryVariables>;
export const DiffRowsDocument = new TypedDocumentString(`
    query DiffRows($run: String!, $after: String, $first: Int!) {
  diffRows(run: $run, after: $after, first: $first) {
    key
    columns
    next
    rows {
      kind
      key
      values
      changes {
        column
        left
        right
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DiffRowsQuery, DiffRowsQueryVariables>;
export const DiffRepairDocument = new TypedDocumentString(`
    query DiffRepair($run: String!, $first: Int!) {
  diffRepair(run: $run, first: $first) {
    statements
    complete
  }
}
    `) as unknown as TypedDocumentString<DiffRepairQuery, DiffRepairQueryVariables>;
export const CancelDiffDocument = new TypedDocumentString(`
    mutation CancelDiff($id: String!) {
  cancelRun(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<CancelDiffMutation, CancelDiffMutationVariables>;
export const EditorWorkflowDocument = new TypedDocumentString(`
    query EditorWorkflow($id: String!) {
  workflow(id: $id) {
    id
    name
    versionNumber
    version {
      number
      text
    }
  }
}
    `) as unknown as TypedDocumentString<EditorWorkflowQuery, EditorWorkflowQueryVariables>;
export const EditorKindsDocument = new TypedDocumentString(`
    query EditorKinds {
  stepKinds {
    name
    summary
    schema
    ports
    outputs
    inputs
    namedPorts
  }
}
    `) as unknown as TypedDocumentString<EditorKindsQuery, EditorKindsQueryVariables>;
export const CheckDocumentDocument = new TypedDocumentString(`
    query CheckDocument($text: String!) {
  check(text: $text) {
    code
    message
    hint
    path
    line
    column
  }
}
    `) as unknown as TypedDocumentString<CheckDocumentQuery, CheckDocumentQueryVariables>;
export const SaveDocumentDocument = new TypedDocumentString(`
    mutation SaveDocument($text: String!) {
  saveWorkflow(text: $text) {
    workflow {
      id
      name
      versionNumber
    }
    problems {
      code
      message
      hint
      path
      line
      column
    }
  }
}
    `) as unknown as TypedDocumentString<SaveDocumentMutation, SaveDocumentMutationVariables>;
export const TryDocumentDocument = new TypedDocumentString(`
    mutation TryDocument($document: String!, $upTo: String, $rows: Int, $pins: [TrialPin!]) {
  tryDocument(document: $document, upTo: $upTo, rows: $rows, pins: $pins) {
    problems {
      code
      message
      hint
      path
      line
      column
    }
    trial {
      timedOut
      steps {
        id
        status
        error {
          code
          message
          hint
        }
      }
      ports {
        step
        port
        total
        rows
        columns {
          name
          nativeType
        }
      }
      targets {
        step
        connection
        table
        plugin
        rows
        makesTable
        missingColumns
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TryDocumentMutation, TryDocumentMutationVariables>;
export const StartRunDocument = new TypedDocumentString(`
    mutation StartRun($workflow: String!, $inputs: String) {
  startRun(workflow: $workflow, inputs: $inputs) {
    id
  }
}
    `) as unknown as TypedDocumentString<StartRunMutation, StartRunMutationVariables>;
export const WorkflowVersionsDocument = new TypedDocumentString(`
    query WorkflowVersions($id: String!) {
  workflow(id: $id) {
    id
    versions(first: 50) {
      nodes {
        id
        number
        text
        createdAt
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WorkflowVersionsQuery, WorkflowVersionsQueryVariables>;
export const StepRunsDocument = new TypedDocumentString(`
    query StepRuns($id: String!) {
  workflow(id: $id) {
    id
    runs(first: 10) {
      nodes {
        id
        status
        createdAt
        steps {
          id
          status
          rowsIn
          rowsOut
          rowsRejected
          durationMs
          error {
            message
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<StepRunsQuery, StepRunsQueryVariables>;
export const ConnectionNamesDocument = new TypedDocumentString(`
    query ConnectionNames {
  connections(first: 200) {
    nodes {
      name
      system
    }
  }
}
    `) as unknown as TypedDocumentString<ConnectionNamesQuery, ConnectionNamesQueryVariables>;
export const TableNamesDocument = new TypedDocumentString(`
    query TableNames($connection: String!) {
  connection(name: $connection) {
    name
    tables(first: 200) {
      nodes
    }
  }
}
    `) as unknown as TypedDocumentString<TableNamesQuery, TableNamesQueryVariables>;
export const ColumnNamesDocument = new TypedDocumentString(`
    query ColumnNames($connection: String!, $table: String!) {
  table(connection: $connection, name: $table) {
    name
    key
    columns {
      name
      nativeType
    }
  }
}
    `) as unknown as TypedDocumentString<ColumnNamesQuery, ColumnNamesQueryVariables>;
export const MonitorListDocument = new TypedDocumentString(`
    query MonitorList {
  monitors(first: 200) {
    nodes {
      name
      template
      description
      cron
      enabled
      last {
        ...MonitorFinding
      }
    }
  }
}
    fragment MonitorFinding on MonitorResult {
  runId
  at
  status
  measures
  value
  trend
  passed
}`) as unknown as TypedDocumentString<MonitorListQuery, MonitorListQueryVariables>;
export const MonitorDetailDocument = new TypedDocumentString(`
    query MonitorDetail($name: String!, $first: Int!) {
  monitorResults(name: $name, first: $first) {
    nodes {
      ...MonitorFinding
    }
  }
  workflow(id: $name) {
    id
    name
    enabled
    outline {
      description
      schedules
      nextRunAt
    }
    version {
      text
    }
  }
}
    fragment MonitorFinding on MonitorResult {
  runId
  at
  status
  measures
  value
  trend
  passed
}`) as unknown as TypedDocumentString<MonitorDetailQuery, MonitorDetailQueryVariables>;
export const MonitorDocumentDocument = new TypedDocumentString(`
    query MonitorDocument($name: String!) {
  workflow(id: $name) {
    id
    version {
      text
    }
  }
}
    `) as unknown as TypedDocumentString<MonitorDocumentQuery, MonitorDocumentQueryVariables>;
export const CreateMonitorDocument = new TypedDocumentString(`
    mutation CreateMonitor($input: MonitorInput!) {
  createMonitor(input: $input) {
    name
  }
}
    `) as unknown as TypedDocumentString<CreateMonitorMutation, CreateMonitorMutationVariables>;
export const RunMonitorDocument = new TypedDocumentString(`
    mutation RunMonitor($name: String!) {
  startRun(workflow: $name) {
    id
  }
}
    `) as unknown as TypedDocumentString<RunMonitorMutation, RunMonitorMutationVariables>;
export const EnableMonitorDocument = new TypedDocumentString(`
    mutation EnableMonitor($id: String!, $enabled: Boolean!) {
  setWorkflowEnabled(id: $id, enabled: $enabled) {
    id
    enabled
  }
}
    `) as unknown as TypedDocumentString<EnableMonitorMutation, EnableMonitorMutationVariables>;
export const PluginListDocument = new TypedDocumentString(`
    query PluginList {
  plugins {
    ...PluginFields
  }
}
    fragment PluginFields on Plugin {
  name
  version
  versions
  description
  contract
  kinds
  asks
  grants
  missing
  configSchema
  digest
  signedBy
}`) as unknown as TypedDocumentString<PluginListQuery, PluginListQueryVariables>;
export const OnePluginDocument = new TypedDocumentString(`
    query OnePlugin($name: String!) {
  plugin(name: $name) {
    ...PluginFields
  }
}
    fragment PluginFields on Plugin {
  name
  version
  versions
  description
  contract
  kinds
  asks
  grants
  missing
  configSchema
  digest
  signedBy
}`) as unknown as TypedDocumentString<OnePluginQuery, OnePluginQueryVariables>;
export const InstallPluginDocument = new TypedDocumentString(`
    mutation InstallPlugin($archive: String!) {
  installPlugin(archive: $archive) {
    name
    version
    missing
  }
}
    `) as unknown as TypedDocumentString<InstallPluginMutation, InstallPluginMutationVariables>;
export const GrantPluginDocument = new TypedDocumentString(`
    mutation GrantPlugin($name: String!, $grants: [String!]!) {
  grantPlugin(name: $name, grants: $grants) {
    name
    grants
    missing
  }
}
    `) as unknown as TypedDocumentString<GrantPluginMutation, GrantPluginMutationVariables>;
export const RollBackPluginDocument = new TypedDocumentString(`
    mutation RollBackPlugin($name: String!, $to: String) {
  rollbackPlugin(name: $name, to: $to) {
    name
    version
  }
}
    `) as unknown as TypedDocumentString<RollBackPluginMutation, RollBackPluginMutationVariables>;
export const RemovePluginDocument = new TypedDocumentString(`
    mutation RemovePlugin($name: String!) {
  removePlugin(name: $name)
}
    `) as unknown as TypedDocumentString<RemovePluginMutation, RemovePluginMutationVariables>;
export const PluginHealthDocument = new TypedDocumentString(`
    query PluginHealth($name: String!) {
  plugin(name: $name) {
    name
    health {
      instances
      calls
      failures
      traps
      limitHits
      seconds
      lastFailure {
        at
        error {
          code
          message
          hint
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PluginHealthQuery, PluginHealthQueryVariables>;
export const PluginLogsDocument = new TypedDocumentString(`
    query PluginLogs($name: String!, $level: PluginLogLevel, $after: String, $first: Int) {
  plugin(name: $name) {
    name
    logs(level: $level, after: $after, first: $first) {
      nodes {
        at
        level
        call
        message
        fields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PluginLogsQuery, PluginLogsQueryVariables>;
export const RunListDocument = new TypedDocumentString(`
    query RunList($workflow: String, $statuses: [RunStatusWord!], $after: String) {
  runs(workflow: $workflow, statuses: $statuses, after: $after, first: 50) {
    nodes {
      ...RunRow
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment RunRow on Run {
  id
  status
  trigger
  workflowName
  createdAt
  startedAt
  finishedAt
  error {
    message
  }
  steps {
    id
    rowsOut
    rowsRejected
  }
}`) as unknown as TypedDocumentString<RunListQuery, RunListQueryVariables>;
export const RunWorkflowsDocument = new TypedDocumentString(`
    query RunWorkflows {
  workflows(first: 200) {
    nodes {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<RunWorkflowsQuery, RunWorkflowsQueryVariables>;
export const RunDetailDocument = new TypedDocumentString(`
    query RunDetail($id: String!) {
  run(id: $id) {
    id
    status
    trigger
    inputs
    workflowId
    workflowName
    createdAt
    startedAt
    finishedAt
    version {
      number
      text
    }
    error {
      code
      message
      hint
      path
      line
      column
    }
    steps {
      ...RunStep
    }
  }
}
    fragment RunStep on Step {
  id
  status
  attempts
  outputs
  rowsIn
  rowsOut
  rowsRejected
  bytes
  durationMs
  busyMs
  cpuMs
  peakMemory
  ports
  startedAt
  finishedAt
  error {
    code
    message
    hint
    path
    line
    column
  }
}`) as unknown as TypedDocumentString<RunDetailQuery, RunDetailQueryVariables>;
export const RunLogsDocument = new TypedDocumentString(`
    query RunLogs($id: String!, $after: String) {
  run(id: $id) {
    id
    logs(after: $after, first: 200) {
      nodes {
        at
        step
        level
        message
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunLogsQuery, RunLogsQueryVariables>;
export const RunArtifactsDocument = new TypedDocumentString(`
    query RunArtifacts($id: String!) {
  run(id: $id) {
    id
    artifacts {
      name
      step
      rows
      bytes
      createdAt
    }
  }
}
    `) as unknown as TypedDocumentString<RunArtifactsQuery, RunArtifactsQueryVariables>;
export const RunEventsDocument = new TypedDocumentString(`
    subscription RunEvents($run: String!) {
  runEvents(run: $run) {
    runId
    status
    step
    stepStatus
    rowsIn
    rowsOut
    rowsRejected
    ports
    log {
      at
    }
    error {
      code
      message
      hint
      path
      line
      column
    }
  }
}
    `) as unknown as TypedDocumentString<RunEventsSubscription, RunEventsSubscriptionVariables>;
export const AllRunEventsDocument = new TypedDocumentString(`
    subscription AllRunEvents {
  runEvents {
    runId
    status
  }
}
    `) as unknown as TypedDocumentString<AllRunEventsSubscription, AllRunEventsSubscriptionVariables>;
export const CancelRunDocument = new TypedDocumentString(`
    mutation CancelRun($id: String!) {
  cancelRun(id: $id) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<CancelRunMutation, CancelRunMutationVariables>;
export const RetryRunDocument = new TypedDocumentString(`
    mutation RetryRun($id: String!, $from: String) {
  retryRun(id: $id, from: $from) {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<RetryRunMutation, RetryRunMutationVariables>;
export const ServerViewDocument = new TypedDocumentString(`
    query ServerView {
  server {
    version
    startedAt
    settings {
      group
      flag
      variable
      value
    }
    stores
    keys {
      source
      keys {
        fingerprint
        sealed
      }
      outdated
      unreadable
    }
  }
}
    `) as unknown as TypedDocumentString<ServerViewQuery, ServerViewQueryVariables>;
export const MailChannelsDocument = new TypedDocumentString(`
    query MailChannels {
  channels(first: 200) {
    nodes {
      name
      kind
      settings
    }
  }
}
    `) as unknown as TypedDocumentString<MailChannelsQuery, MailChannelsQueryVariables>;
export const CleanupWorkflowsDocument = new TypedDocumentString(`
    query CleanupWorkflows($after: String) {
  workflows(after: $after, first: 200) {
    nodes {
      name
      enabled
      outline {
        nextRunAt
        schedules
      }
      version {
        text
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CleanupWorkflowsQuery, CleanupWorkflowsQueryVariables>;
export const BackupListDocument = new TypedDocumentString(`
    query BackupList($connection: String, $after: String, $first: Int!) {
  backups(connection: $connection, after: $after, first: $first) {
    nodes {
      id
      connection
      folder
      method
      bytes
      checksum
      durationMs
      status
      error
      runId
      createdAt
      verifiedAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<BackupListQuery, BackupListQueryVariables>;
export const PersonListDocument = new TypedDocumentString(`
    query PersonList($after: String, $first: Int!) {
  users(after: $after, first: $first) {
    nodes {
      ...PersonFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment PersonFields on User {
  id
  name
  role
  disabled
  hasPassword
  createdAt
  signedInAt
  grants {
    thing
    pattern
    level
  }
}`) as unknown as TypedDocumentString<PersonListQuery, PersonListQueryVariables>;
export const CreatePersonDocument = new TypedDocumentString(`
    mutation CreatePerson($name: String!, $password: String, $role: RoleWord!) {
  createUser(name: $name, password: $password, role: $role) {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<CreatePersonMutation, CreatePersonMutationVariables>;
export const UpdatePersonDocument = new TypedDocumentString(`
    mutation UpdatePerson($id: String!, $role: RoleWord, $disabled: Boolean) {
  updateUser(id: $id, role: $role, disabled: $disabled) {
    id
  }
}
    `) as unknown as TypedDocumentString<UpdatePersonMutation, UpdatePersonMutationVariables>;
export const DeletePersonDocument = new TypedDocumentString(`
    mutation DeletePerson($id: String!) {
  deleteUser(id: $id)
}
    `) as unknown as TypedDocumentString<DeletePersonMutation, DeletePersonMutationVariables>;
export const ResetPasswordDocument = new TypedDocumentString(`
    mutation ResetPassword($id: String!, $password: String!) {
  resetPassword(id: $id, password: $password)
}
    `) as unknown as TypedDocumentString<ResetPasswordMutation, ResetPasswordMutationVariables>;
export const SetGrantDocument = new TypedDocumentString(`
    mutation SetGrant($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {
  setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) {
    id
  }
}
    `) as unknown as TypedDocumentString<SetGrantMutation, SetGrantMutationVariables>;
export const RemoveGrantDocument = new TypedDocumentString(`
    mutation RemoveGrant($user: String!, $thing: ThingWord!, $pattern: String!) {
  removeGrant(user: $user, thing: $thing, pattern: $pattern) {
    id
  }
}
    `) as unknown as TypedDocumentString<RemoveGrantMutation, RemoveGrantMutationVariables>;
export const SessionListDocument = new TypedDocumentString(`
    query SessionList($all: Boolean) {
  sessions(all: $all, first: 200) {
    nodes {
      id
      userId
      current
      createdAt
      seenAt
      expiresAt
      address
      browser
    }
  }
}
    `) as unknown as TypedDocumentString<SessionListQuery, SessionListQueryVariables>;
export const EndSessionDocument = new TypedDocumentString(`
    mutation EndSession($id: String!) {
  endSession(id: $id)
}
    `) as unknown as TypedDocumentString<EndSessionMutation, EndSessionMutationVariables>;
export const TokenListDocument = new TypedDocumentString(`
    query TokenList($all: Boolean) {
  tokens(all: $all, first: 200) {
    nodes {
      id
      userId
      name
      role
      readOnly
      createdAt
      expiresAt
      usedAt
    }
  }
}
    `) as unknown as TypedDocumentString<TokenListQuery, TokenListQueryVariables>;
export const CreateTokenDocument = new TypedDocumentString(`
    mutation CreateToken($input: TokenInput!) {
  createToken(input: $input) {
    text
    token {
      id
      name
    }
  }
}
    `) as unknown as TypedDocumentString<CreateTokenMutation, CreateTokenMutationVariables>;
export const RevokeTokenDocument = new TypedDocumentString(`
    mutation RevokeToken($id: String!) {
  revokeToken(id: $id)
}
    `) as unknown as TypedDocumentString<RevokeTokenMutation, RevokeTokenMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($old: String!, $new: String!) {
  changePassword(oldPassword: $old, newPassword: $new)
}
    `) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($filter: AuditFilterInput, $after: String, $first: Int!) {
  auditLog(filter: $filter, after: $after, first: $first) {
    edges {
      node {
        number
        at
        who
        way
        address
        operation
        subject
        outcome
        given
        before
        after
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const AuditVerdictDocument = new TypedDocumentString(`
    query AuditVerdict {
  auditVerdict {
    whole
    entries
    checkpoints
    faultCount
    firstBroken {
      entry
      message
    }
    faults {
      entry
      message
    }
  }
}
    `) as unknown as TypedDocumentString<AuditVerdictQuery, AuditVerdictQueryVariables>;
export const StoreListDocument = new TypedDocumentString(`
    query StoreList {
  connections(first: 200) {
    nodes {
      name
      system
    }
  }
  workflows(first: 200) {
    nodes {
      id
      name
      outline {
        tags
      }
      runs(first: 1) {
        nodes {
          ...StoreRun
        }
      }
    }
  }
}
    fragment StoreRun on Run {
  id
  status
  createdAt
  error {
    code
    message
    hint
  }
  steps {
    id
    outputs
  }
}`) as unknown as TypedDocumentString<StoreListQuery, StoreListQueryVariables>;
export const StoreDetailDocument = new TypedDocumentString(`
    query StoreDetail($workflow: String!) {
  workflow(id: $workflow) {
    id
    outline {
      schedules
      nextRunAt
    }
    runs(first: 100) {
      nodes {
        ...StoreRun
      }
    }
  }
}
    fragment StoreRun on Run {
  id
  status
  createdAt
  error {
    code
    message
    hint
  }
  steps {
    id
    outputs
  }
}`) as unknown as TypedDocumentString<StoreDetailQuery, StoreDetailQueryVariables>;
export const SaveInspectionDocument = new TypedDocumentString(`
    mutation SaveInspection($text: String!) {
  saveWorkflow(text: $text) {
    workflow {
      id
    }
    problems {
      code
      message
      hint
    }
  }
}
    `) as unknown as TypedDocumentString<SaveInspectionMutation, SaveInspectionMutationVariables>;
export const StartInspectionDocument = new TypedDocumentString(`
    mutation StartInspection($workflow: String!) {
  startRun(workflow: $workflow) {
    id
  }
}
    `) as unknown as TypedDocumentString<StartInspectionMutation, StartInspectionMutationVariables>;
export const PlanTablesDocument = new TypedDocumentString(`
    query PlanTables($document: String!) {
  tablesPlan(document: $document) {
    problems {
      ...TableProblem
    }
    tables {
      databaseType
      connection
      table
      action
      changes {
        ...TableChange
      }
      manual
      notes
      error {
        ...TableProblem
      }
      fingerprint
    }
  }
}
    fragment TableProblem on Problem {
  code
  message
  hint
  path
  line
  column
}
fragment TableChange on TableChangeView {
  summary
  sql
  lock
  rewrite
  loss
  note
}`) as unknown as TypedDocumentString<PlanTablesQuery, PlanTablesQueryVariables>;
export const ApplyTablesDocument = new TypedDocumentString(`
    mutation ApplyTables($document: String!, $agreed: [TablePlanAgreement!]!, $allowDestructive: Boolean!) {
  applyTables(
    document: $document
    agreed: $agreed
    allowDestructive: $allowDestructive
  ) {
    created
    altered
    unchanged
    manual
    failed
    skipped
    problems {
      ...TableProblem
    }
    tables {
      connection
      table
      status
      changes {
        ...TableChange
      }
      manual
      notes
      durationMs
      error {
        ...TableProblem
      }
    }
  }
}
    fragment TableProblem on Problem {
  code
  message
  hint
  path
  line
  column
}
fragment TableChange on TableChangeView {
  summary
  sql
  lock
  rewrite
  loss
  note
}`) as unknown as TypedDocumentString<ApplyTablesMutation, ApplyTablesMutationVariables>;
export const ValidateTablesDocument = new TypedDocumentString(`
    mutation ValidateTables($document: String!) {
  validateTables(document: $document) {
    differences
    problems {
      ...TableProblem
    }
    tables {
      connection
      table
      verdict
      differences
      error {
        ...TableProblem
      }
      columns {
        column
        verdict
        wanted
        live
        differences
      }
    }
  }
}
    fragment TableProblem on Problem {
  code
  message
  hint
  path
  line
  column
}`) as unknown as TypedDocumentString<ValidateTablesMutation, ValidateTablesMutationVariables>;
export const ImportTablesDocument = new TypedDocumentString(`
    query ImportTables($connection: String!) {
  tablesImport(connection: $connection) {
    document
    tables
    leftOut
  }
}
    `) as unknown as TypedDocumentString<ImportTablesQuery, ImportTablesQueryVariables>;
export const TableLogDocument = new TypedDocumentString(`
    query TableLog($filter: TableLogWish!, $first: Int!) {
  tableLogs(filter: $filter, first: $first) {
    nodes {
      id
      at
      who
      connection
      table
      subject
      status
      ddl
      parameters
      durationMs
      error {
        ...TableProblem
      }
    }
  }
}
    fragment TableProblem on Problem {
  code
  message
  hint
  path
  line
  column
}`) as unknown as TypedDocumentString<TableLogQuery, TableLogQueryVariables>;
export const TransferListDocument = new TypedDocumentString(`
    query TransferList {
  migrations(first: 200) {
    nodes {
      name
      settings
      progress {
        ...TransferProgress
      }
    }
  }
}
    fragment TransferProgress on MigrationProgress {
  runId
  state
  rows
  rowsExpected
  rejected
  bytes
  chunks
  chunksDone
  seconds
  rowsPerSecond
  secondsLeft
  error
  tables
}`) as unknown as TypedDocumentString<TransferListQuery, TransferListQueryVariables>;
export const TransferDetailDocument = new TypedDocumentString(`
    query TransferDetail($name: String!) {
  migration(name: $name) {
    name
    description
    settings
    progress {
      ...TransferProgress
    }
  }
  workflow(id: $name) {
    id
    runs(first: 20) {
      nodes {
        id
        status
        inputs
        createdAt
        startedAt
        finishedAt
        error {
          code
          message
          hint
        }
      }
    }
  }
}
    fragment TransferProgress on MigrationProgress {
  runId
  state
  rows
  rowsExpected
  rejected
  bytes
  chunks
  chunksDone
  seconds
  rowsPerSecond
  secondsLeft
  error
  tables
}`) as unknown as TypedDocumentString<TransferDetailQuery, TransferDetailQueryVariables>;
export const TransferLookDocument = new TypedDocumentString(`
    query TransferLook($input: MigrationInput!, $full: Boolean!) {
  migrationLook(input: $input, full: $full, sample: 5) {
    hasMore
    leftOut {
      kind
      name
      table
      message
    }
    tables {
      source
      target
      exists
      rowEstimate
      notes
      statements
      sample
      columns {
        target
        targetType
        source
        sourceType
      }
      hazards {
        column
        kind
        rows
        message
        isLoss
        hint
      }
      error {
        code
        message
        hint
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TransferLookQuery, TransferLookQueryVariables>;
export const CreateTransferDocument = new TypedDocumentString(`
    mutation CreateTransfer($name: String!, $input: MigrationInput!, $replace: Boolean!) {
  createMigration(name: $name, input: $input, replace: $replace) {
    name
  }
}
    `) as unknown as TypedDocumentString<CreateTransferMutation, CreateTransferMutationVariables>;
export const StartTransferDocument = new TypedDocumentString(`
    mutation StartTransfer($name: String!) {
  startMigration(name: $name) {
    id
  }
}
    `) as unknown as TypedDocumentString<StartTransferMutation, StartTransferMutationVariables>;
export const CancelTransferDocument = new TypedDocumentString(`
    mutation CancelTransfer($name: String!) {
  cancelMigration(name: $name) {
    name
  }
}
    `) as unknown as TypedDocumentString<CancelTransferMutation, CancelTransferMutationVariables>;
export const ResumeTransferDocument = new TypedDocumentString(`
    mutation ResumeTransfer($name: String!) {
  resumeMigration(name: $name) {
    name
  }
}
    `) as unknown as TypedDocumentString<ResumeTransferMutation, ResumeTransferMutationVariables>;
export const ValidateTransferDocument = new TypedDocumentString(`
    mutation ValidateTransfer($name: String!) {
  validateMigration(name: $name) {
    id
  }
}
    `) as unknown as TypedDocumentString<ValidateTransferMutation, ValidateTransferMutationVariables>;
export const SaveDemoDocument = new TypedDocumentString(`
    mutation SaveDemo($text: String!) {
  saveWorkflow(text: $text) {
    workflow {
      id
    }
    problems {
      code
      message
      hint
    }
  }
}
    `) as unknown as TypedDocumentString<SaveDemoMutation, SaveDemoMutationVariables>;
export const StartDemoDocument = new TypedDocumentString(`
    mutation StartDemo($workflow: String!) {
  startRun(workflow: $workflow) {
    id
  }
}
    `) as unknown as TypedDocumentString<StartDemoMutation, StartDemoMutationVariables>;
export const WorkflowListDocument = new TypedDocumentString(`
    query WorkflowList {
  workflows(first: 200) {
    nodes {
      ...WorkflowRow
    }
  }
}
    fragment WorkflowRow on Workflow {
  id
  name
  enabled
  versionNumber
  updatedAt
  outline {
    description
    tags
    schedules
    webhooks
    nextRunAt
  }
  runs(first: 12) {
    nodes {
      id
      status
      createdAt
      startedAt
      finishedAt
    }
  }
}`) as unknown as TypedDocumentString<WorkflowListQuery, WorkflowListQueryVariables>;
export const WorkflowTextDocument = new TypedDocumentString(`
    query WorkflowText($id: String!) {
  workflow(id: $id) {
    id
    name
    version {
      text
    }
  }
}
    `) as unknown as TypedDocumentString<WorkflowTextQuery, WorkflowTextQueryVariables>;
export const EnableWorkflowDocument = new TypedDocumentString(`
    mutation EnableWorkflow($id: String!, $enabled: Boolean!) {
  setWorkflowEnabled(id: $id, enabled: $enabled) {
    id
    enabled
  }
}
    `) as unknown as TypedDocumentString<EnableWorkflowMutation, EnableWorkflowMutationVariables>;
export const DeleteWorkflowDocument = new TypedDocumentString(`
    mutation DeleteWorkflow($id: String!) {
  deleteWorkflow(id: $id)
}
    `) as unknown as TypedDocumentString<DeleteWorkflowMutation, DeleteWorkflowMutationVariables>;
export const StartRunNowDocument = new TypedDocumentString(`
    mutation StartRunNow($workflow: String!) {
  startRun(workflow: $workflow) {
    id
  }
}
    `) as unknown as TypedDocumentString<StartRunNowMutation, StartRunNowMutationVariables>;
export const ImportWorkflowDocument = new TypedDocumentString(`
    mutation ImportWorkflow($text: String!) {
  saveWorkflow(text: $text) {
    workflow {
      id
      name
      versionNumber
    }
    problems {
      code
      message
      hint
      line
      column
    }
  }
}
    `) as unknown as TypedDocumentString<ImportWorkflowMutation, ImportWorkflowMutationVariables>;
export const CatalogConnectionsDocument = new TypedDocumentString(`
    query CatalogConnections {
  connections(first: 200) {
    nodes {
      name
      system
    }
  }
}
    `) as unknown as TypedDocumentString<CatalogConnectionsQuery, CatalogConnectionsQueryVariables>;
export const CatalogTablesDocument = new TypedDocumentString(`
    query CatalogTables($name: String!) {
  connection(name: $name) {
    name
    tables(first: 200) {
      nodes
    }
  }
}
    `) as unknown as TypedDocumentString<CatalogTablesQuery, CatalogTablesQueryVariables>;
export const CatalogTableDocument = new TypedDocumentString(`
    query CatalogTable($connection: String!, $table: String!) {
  table(connection: $connection, name: $table) {
    name
    key
    rowEstimate
    columns {
      name
      nativeType
      nullable
      default
    }
  }
}
    `) as unknown as TypedDocumentString<CatalogTableQuery, CatalogTableQueryVariables>;
export const FollowRunDocument = new TypedDocumentString(`
    subscription FollowRun($run: String!) {
  runEvents(run: $run) {
    runId
    status
    step
    stepStatus
    rowsIn
    rowsOut
    chunk
    log {
      at
      step
      level
      message
    }
  }
}
    `) as unknown as TypedDocumentString<FollowRunSubscription, FollowRunSubscriptionVariables>;
export const ReadLogDocument = new TypedDocumentString(`
    query ReadLog($id: String!, $after: String) {
  run(id: $id) {
    id
    logs(after: $after, first: 200) {
      nodes {
        at
        step
        level
        message
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ReadLogQuery, ReadLogQueryVariables>;