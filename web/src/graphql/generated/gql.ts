/* eslint-disable */
import * as types from './graphql';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": typeof types.PaletteWorkflowsDocument,
    "\n  fragment DeliveryFields on AlertDelivery {\n    id\n    channel\n    level\n    status\n    reason\n    nextAt\n    messageId\n    providerId\n    createdAt\n    endedAt\n    attempts {\n      number\n      at\n      outcome\n      code\n      message\n      durationMs\n      nextAt\n    }\n  }\n": typeof types.DeliveryFieldsFragmentDoc,
    "\n  fragment AlertRow on Alert {\n    id\n    severity\n    title\n    workflow\n    raisedAt\n    duplicateOf\n    acknowledgedAt\n    deliveries {\n      id\n      channel\n      status\n      reason\n    }\n  }\n": typeof types.AlertRowFragmentDoc,
    "\n  query AlertList($filter: AlertFilterInput, $after: String, $first: Int!) {\n    alerts(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          ...AlertRow\n        }\n      }\n      pageInfo {\n        endCursor\n        hasNextPage\n      }\n    }\n  }\n": typeof types.AlertListDocument,
    "\n  query OneAlert($id: String!) {\n    alert(id: $id) {\n      id\n      severity\n      title\n      text\n      fields {\n        name\n        value\n      }\n      link\n      labels {\n        name\n        value\n      }\n      workflow\n      runId\n      step\n      raisedAt\n      duplicateOf\n      acknowledgedAt\n      acknowledgedBy\n      comment\n      deliveries {\n        ...DeliveryFields\n      }\n    }\n  }\n": typeof types.OneAlertDocument,
    "\n  mutation RetryDelivery($id: String!) {\n    retryDelivery(id: $id) {\n      id\n      status\n      attempts {\n        number\n        message\n      }\n    }\n  }\n": typeof types.RetryDeliveryDocument,
    "\n  mutation AcknowledgeAlert($id: String!, $comment: String) {\n    acknowledgeAlert(id: $id, comment: $comment) {\n      id\n    }\n  }\n": typeof types.AcknowledgeAlertDocument,
    "\n  query AlertPolicy {\n    alertPolicy\n  }\n": typeof types.AlertPolicyDocument,
    "\n  query AlertChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n      }\n    }\n  }\n": typeof types.AlertChannelsDocument,
    "\n  mutation ApplyPolicy($text: String!) {\n    applyAlertPolicy(text: $text) {\n      text\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": typeof types.ApplyPolicyDocument,
    "\n  mutation DeletePolicy {\n    deleteAlertPolicy\n  }\n": typeof types.DeletePolicyDocument,
    "\n  query PreviewAlert($input: AlertPreviewInput!) {\n    previewAlert(input: $input) {\n      severity\n      subject\n      text\n      markdown\n      fields {\n        name\n        value\n      }\n    }\n  }\n": typeof types.PreviewAlertDocument,
    "\n  fragment AnomalyFields on Anomaly {\n    id\n    rule\n    severity\n    state\n    connection\n    table\n    scope\n    message\n    details\n    count\n    firstSeen\n    lastSeen\n    runId\n    changedBy\n    changedAt\n    comment\n    alertedAt\n  }\n": typeof types.AnomalyFieldsFragmentDoc,
    "\n  query AnomalyList($filter: AnomalyFilterInput, $after: String, $first: Int!) {\n    anomalies(filter: $filter, after: $after, first: $first) {\n      nodes {\n        ...AnomalyFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.AnomalyListDocument,
    "\n  query OneAnomaly($id: String!) {\n    anomaly(id: $id) {\n      ...AnomalyFields\n    }\n  }\n": typeof types.OneAnomalyDocument,
    "\n  mutation AcknowledgeAnomaly($id: String!, $comment: String) {\n    acknowledgeAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": typeof types.AcknowledgeAnomalyDocument,
    "\n  mutation ResolveAnomaly($id: String!, $comment: String) {\n    resolveAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": typeof types.ResolveAnomalyDocument,
    "\n  mutation ReopenAnomaly($id: String!, $comment: String) {\n    reopenAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": typeof types.ReopenAnomalyDocument,
    "\n  query AnomalyRules {\n    anomalyRules {\n      rule\n      thresholds\n      severity\n      muted\n      channels\n      dedupeSeconds\n    }\n  }\n": typeof types.AnomalyRulesDocument,
    "\n  mutation ConfigureRule($rule: AnomalyRuleInput!) {\n    configureAnomalyRule(rule: $rule) {\n      rule\n    }\n  }\n": typeof types.ConfigureRuleDocument,
    "\n  mutation ResetRule($rule: String!) {\n    resetAnomalyRule(rule: $rule)\n  }\n": typeof types.ResetRuleDocument,
    "\n  fragment ChannelRow on Channel {\n    name\n    kind\n    settings\n    hasSecret\n    updatedAt\n  }\n": typeof types.ChannelRowFragmentDoc,
    "\n  query ChannelList {\n    channels(first: 200) {\n      nodes {\n        ...ChannelRow\n      }\n    }\n  }\n": typeof types.ChannelListDocument,
    "\n  query ChannelKinds {\n    channelKinds {\n      kind\n      summary\n      schema\n      secrets {\n        name\n        about\n      }\n    }\n  }\n": typeof types.ChannelKindsDocument,
    "\n  mutation CreateChannel($name: String!, $input: ChannelInput!) {\n    createChannel(name: $name, input: $input) {\n      name\n    }\n  }\n": typeof types.CreateChannelDocument,
    "\n  mutation UpdateChannel($name: String!, $input: ChannelInput!) {\n    updateChannel(name: $name, input: $input) {\n      name\n    }\n  }\n": typeof types.UpdateChannelDocument,
    "\n  mutation DeleteChannel($name: String!) {\n    deleteChannel(name: $name)\n  }\n": typeof types.DeleteChannelDocument,
    "\n  mutation TestChannel($name: String!, $severity: AlertSeverity) {\n    testChannel(name: $name, severity: $severity) {\n      ok\n      message\n      code\n      hint\n      providerId\n    }\n  }\n": typeof types.TestChannelDocument,
    "\n  fragment ConnectionRow on Connection {\n    name\n    system\n    settings\n    hasSecret\n    isSaved\n    variable\n    allowWrite\n    description\n    labels\n    updatedAt\n    lastTest {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n": typeof types.ConnectionRowFragmentDoc,
    "\n  query ConnectionList {\n    connections(first: 200) {\n      nodes {\n        ...ConnectionRow\n      }\n    }\n  }\n": typeof types.ConnectionListDocument,
    "\n  query ConnectionUse($name: String!) {\n    connection(name: $name) {\n      name\n      workflows {\n        nodes\n      }\n    }\n  }\n": typeof types.ConnectionUseDocument,
    "\n  query OneConnection($name: String!) {\n    connection(name: $name) {\n      ...ConnectionRow\n      workflows {\n        nodes\n      }\n    }\n  }\n": typeof types.OneConnectionDocument,
    "\n  mutation CreateConnection($name: String!, $input: NewConnection!) {\n    createConnection(name: $name, input: $input) {\n      name\n    }\n  }\n": typeof types.CreateConnectionDocument,
    "\n  mutation UpdateConnection($name: String!, $input: ConnectionInput!) {\n    updateConnection(name: $name, input: $input) {\n      name\n    }\n  }\n": typeof types.UpdateConnectionDocument,
    "\n  mutation DeleteConnection($name: String!, $force: Boolean!) {\n    deleteConnection(name: $name, force: $force)\n  }\n": typeof types.DeleteConnectionDocument,
    "\n  mutation TestConnection($name: String!) {\n    testConnection(name: $name) {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n": typeof types.TestConnectionDocument,
    "\n  query ConnectionTables($name: String!, $after: String, $first: Int!) {\n    connection(name: $name) {\n      name\n      tables(after: $after, first: $first) {\n        nodes\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.ConnectionTablesDocument,
    "\n  query TableShape($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n        nullable\n        default\n        comment\n        isTag\n      }\n      key\n      rowEstimate\n      indexes {\n        name\n        columns\n        unique\n      }\n      foreignKeys {\n        name\n        columns\n        references\n        referencedColumns\n      }\n      comment\n    }\n  }\n": typeof types.TableShapeDocument,
    "\n  query ConsoleConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n        allowWrite\n      }\n    }\n  }\n": typeof types.ConsoleConnectionsDocument,
    "\n  query ConsoleTables($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": typeof types.ConsoleTablesDocument,
    "\n  query ConsoleColumns($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n": typeof types.ConsoleColumnsDocument,
    "\n  query CheckStatement($connection: String!, $sql: String!, $estimate: Boolean!) {\n    checkStatement(connection: $connection, sql: $sql, estimate: $estimate) {\n      effect\n      tables\n      refusal\n      estimatedRows\n      estimatedCost\n      plan\n      problem {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": typeof types.CheckStatementDocument,
    "\n  mutation RunStatement($input: StatementInput!) {\n    runStatement(input: $input) {\n      id\n      columns {\n        name\n        nativeType\n      }\n      rows\n      truncated\n      affected\n      durationMs\n    }\n  }\n": typeof types.RunStatementDocument,
    "\n  mutation CancelStatement($id: String!) {\n    cancelStatement(id: $id)\n  }\n": typeof types.CancelStatementDocument,
    "\n  query StatementHistory($connection: String, $after: String) {\n    statements(connection: $connection, after: $after, first: 50) {\n      nodes {\n        id\n        connection\n        sql\n        who\n        startedAt\n        outcome\n        rows\n        truncated\n        durationMs\n        errorCode\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.StatementHistoryDocument,
    "\n  query DiffList($after: String) {\n    workflows(first: 200, after: $after) {\n      nodes {\n        id\n        name\n        updatedAt\n        outline {\n          description\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            id\n            status\n            createdAt\n            steps {\n              id\n              outputs\n            }\n          }\n        }\n      }\n    }\n  }\n": typeof types.DiffListDocument,
    "\n  mutation StartDiff($input: DiffInput!) {\n    startDiff(input: $input) {\n      run {\n        id\n      }\n    }\n  }\n": typeof types.StartDiffDocument,
    "\n  query DiffDetail($run: String!) {\n    diff(run: $run) {\n      key\n      isCounted\n      differences\n      missing\n      extra\n      changed\n      equal\n      leftRows\n      rightRows\n      percent\n      strategy\n      reasons\n      notes\n      complete\n      error {\n        code\n        message\n        hint\n        path\n      }\n      run {\n        id\n        status\n        workflowName\n        createdAt\n        startedAt\n        finishedAt\n        version {\n          text\n        }\n        steps {\n          id\n          outputs\n          rowsIn\n          error {\n            code\n            message\n            hint\n            path\n          }\n        }\n      }\n    }\n  }\n": typeof types.DiffDetailDocument,
    "\n  query DiffRows($run: String!, $after: String, $first: Int!) {\n    diffRows(run: $run, after: $after, first: $first) {\n      key\n      columns\n      next\n      rows {\n        kind\n        key\n        values\n        changes {\n          column\n          left\n          right\n        }\n      }\n    }\n  }\n": typeof types.DiffRowsDocument,
    "\n  query DiffRepair($run: String!, $first: Int!) {\n    diffRepair(run: $run, first: $first) {\n      statements\n      complete\n    }\n  }\n": typeof types.DiffRepairDocument,
    "\n  mutation CancelDiff($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n": typeof types.CancelDiffDocument,
    "\n  query EditorWorkflow($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      versionNumber\n      version {\n        number\n        text\n      }\n    }\n  }\n": typeof types.EditorWorkflowDocument,
    "\n  query EditorKinds {\n    stepKinds {\n      name\n      summary\n      schema\n      ports\n      outputs\n      inputs\n      namedPorts\n    }\n  }\n": typeof types.EditorKindsDocument,
    "\n  query CheckDocument($text: String!) {\n    check(text: $text) {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n": typeof types.CheckDocumentDocument,
    "\n  mutation SaveDocument($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": typeof types.SaveDocumentDocument,
    "\n  mutation TryDocument($document: String!, $upTo: String, $rows: Int, $pins: [TrialPin!]) {\n    tryDocument(document: $document, upTo: $upTo, rows: $rows, pins: $pins) {\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      trial {\n        timedOut\n        steps {\n          id\n          status\n          error {\n            code\n            message\n            hint\n          }\n        }\n        ports {\n          step\n          port\n          total\n          rows\n          columns {\n            name\n            nativeType\n          }\n        }\n        targets {\n          step\n          connection\n          table\n          plugin\n          rows\n          makesTable\n          missingColumns\n        }\n      }\n    }\n  }\n": typeof types.TryDocumentDocument,
    "\n  mutation StartRun($workflow: String!, $inputs: String) {\n    startRun(workflow: $workflow, inputs: $inputs) {\n      id\n    }\n  }\n": typeof types.StartRunDocument,
    "\n  query WorkflowVersions($id: String!) {\n    workflow(id: $id) {\n      id\n      versions(first: 50) {\n        nodes {\n          id\n          number\n          text\n          createdAt\n        }\n      }\n    }\n  }\n": typeof types.WorkflowVersionsDocument,
    "\n  query StepRuns($id: String!) {\n    workflow(id: $id) {\n      id\n      runs(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          steps {\n            id\n            status\n            rowsIn\n            rowsOut\n            rowsRejected\n            durationMs\n            error {\n              message\n            }\n          }\n        }\n      }\n    }\n  }\n": typeof types.StepRunsDocument,
    "\n  query ConnectionNames {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n": typeof types.ConnectionNamesDocument,
    "\n  query TableNames($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": typeof types.TableNamesDocument,
    "\n  query ColumnNames($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n": typeof types.ColumnNamesDocument,
    "\n  fragment MonitorFinding on MonitorResult {\n    runId\n    at\n    status\n    measures\n    value\n    trend\n    passed\n  }\n": typeof types.MonitorFindingFragmentDoc,
    "\n  query MonitorList {\n    monitors(first: 200) {\n      nodes {\n        name\n        template\n        description\n        cron\n        enabled\n        last {\n          ...MonitorFinding\n        }\n      }\n    }\n  }\n": typeof types.MonitorListDocument,
    "\n  query MonitorDetail($name: String!, $first: Int!) {\n    monitorResults(name: $name, first: $first) {\n      nodes {\n        ...MonitorFinding\n      }\n    }\n    workflow(id: $name) {\n      id\n      name\n      enabled\n      outline {\n        description\n        schedules\n        nextRunAt\n      }\n      version {\n        text\n      }\n    }\n  }\n": typeof types.MonitorDetailDocument,
    "\n  query MonitorDocument($name: String!) {\n    workflow(id: $name) {\n      id\n      version {\n        text\n      }\n    }\n  }\n": typeof types.MonitorDocumentDocument,
    "\n  mutation CreateMonitor($input: MonitorInput!) {\n    createMonitor(input: $input) {\n      name\n    }\n  }\n": typeof types.CreateMonitorDocument,
    "\n  mutation RunMonitor($name: String!) {\n    startRun(workflow: $name) {\n      id\n    }\n  }\n": typeof types.RunMonitorDocument,
    "\n  mutation EnableMonitor($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": typeof types.EnableMonitorDocument,
    "\n  fragment PluginFields on Plugin {\n    name\n    version\n    versions\n    description\n    contract\n    kinds\n    asks\n    grants\n    missing\n    configSchema\n    digest\n    signedBy\n  }\n": typeof types.PluginFieldsFragmentDoc,
    "\n  query PluginList {\n    plugins {\n      ...PluginFields\n    }\n  }\n": typeof types.PluginListDocument,
    "\n  query OnePlugin($name: String!) {\n    plugin(name: $name) {\n      ...PluginFields\n    }\n  }\n": typeof types.OnePluginDocument,
    "\n  mutation InstallPlugin($archive: String!) {\n    installPlugin(archive: $archive) {\n      name\n      version\n      missing\n    }\n  }\n": typeof types.InstallPluginDocument,
    "\n  mutation GrantPlugin($name: String!, $grants: [String!]!) {\n    grantPlugin(name: $name, grants: $grants) {\n      name\n      grants\n      missing\n    }\n  }\n": typeof types.GrantPluginDocument,
    "\n  mutation RollBackPlugin($name: String!, $to: String) {\n    rollbackPlugin(name: $name, to: $to) {\n      name\n      version\n    }\n  }\n": typeof types.RollBackPluginDocument,
    "\n  mutation RemovePlugin($name: String!) {\n    removePlugin(name: $name)\n  }\n": typeof types.RemovePluginDocument,
    "\n  query PluginHealth($name: String!) {\n    plugin(name: $name) {\n      name\n      health {\n        instances\n        calls\n        failures\n        traps\n        limitHits\n        seconds\n        lastFailure {\n          at\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n": typeof types.PluginHealthDocument,
    "\n  query PluginLogs($name: String!, $level: PluginLogLevel, $after: String, $first: Int) {\n    plugin(name: $name) {\n      name\n      logs(level: $level, after: $after, first: $first) {\n        nodes {\n          at\n          level\n          call\n          message\n          fields\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.PluginLogsDocument,
    "\n  fragment RunRow on Run {\n    id\n    status\n    trigger\n    workflowName\n    createdAt\n    startedAt\n    finishedAt\n    error {\n      message\n    }\n    steps {\n      id\n      rowsOut\n      rowsRejected\n    }\n  }\n": typeof types.RunRowFragmentDoc,
    "\n  query RunList($workflow: String, $statuses: [RunStatusWord!], $after: String) {\n    runs(workflow: $workflow, statuses: $statuses, after: $after, first: 50) {\n      nodes {\n        ...RunRow\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.RunListDocument,
    "\n  query RunWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": typeof types.RunWorkflowsDocument,
    "\n  fragment RunStep on Step {\n    id\n    status\n    attempts\n    outputs\n    rowsIn\n    rowsOut\n    rowsRejected\n    bytes\n    durationMs\n    busyMs\n    cpuMs\n    peakMemory\n    ports\n    startedAt\n    finishedAt\n    error {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n": typeof types.RunStepFragmentDoc,
    "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      status\n      trigger\n      inputs\n      workflowId\n      workflowName\n      createdAt\n      startedAt\n      finishedAt\n      version {\n        number\n        text\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      steps {\n        ...RunStep\n      }\n    }\n  }\n": typeof types.RunDetailDocument,
    "\n  query RunLogs($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.RunLogsDocument,
    "\n  query RunArtifacts($id: String!) {\n    run(id: $id) {\n      id\n      artifacts {\n        name\n        step\n        rows\n        bytes\n        createdAt\n      }\n    }\n  }\n": typeof types.RunArtifactsDocument,
    "\n  subscription RunEvents($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      rowsRejected\n      ports\n      log {\n        at\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": typeof types.RunEventsDocument,
    "\n  subscription AllRunEvents {\n    runEvents {\n      runId\n      status\n    }\n  }\n": typeof types.AllRunEventsDocument,
    "\n  mutation CancelRun($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n": typeof types.CancelRunDocument,
    "\n  mutation RetryRun($id: String!, $from: String) {\n    retryRun(id: $id, from: $from) {\n      id\n      status\n    }\n  }\n": typeof types.RetryRunDocument,
    "\n  query ServerView {\n    server {\n      version\n      startedAt\n      settings {\n        group\n        flag\n        variable\n        value\n      }\n      stores\n      keys {\n        source\n        keys {\n          fingerprint\n          sealed\n        }\n        outdated\n        unreadable\n      }\n    }\n  }\n": typeof types.ServerViewDocument,
    "\n  query MailChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n        settings\n      }\n    }\n  }\n": typeof types.MailChannelsDocument,
    "\n  query CleanupWorkflows($after: String) {\n    workflows(after: $after, first: 200) {\n      nodes {\n        name\n        enabled\n        outline {\n          nextRunAt\n          schedules\n        }\n        version {\n          text\n        }\n      }\n    }\n  }\n": typeof types.CleanupWorkflowsDocument,
    "\n  query BackupList($connection: String, $after: String, $first: Int!) {\n    backups(connection: $connection, after: $after, first: $first) {\n      nodes {\n        id\n        connection\n        folder\n        method\n        bytes\n        checksum\n        durationMs\n        status\n        error\n        runId\n        createdAt\n        verifiedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.BackupListDocument,
    "\n  fragment PersonFields on User {\n    id\n    name\n    role\n    disabled\n    hasPassword\n    createdAt\n    signedInAt\n    grants {\n      thing\n      pattern\n      level\n    }\n  }\n": typeof types.PersonFieldsFragmentDoc,
    "\n  query PersonList($after: String, $first: Int!) {\n    users(after: $after, first: $first) {\n      nodes {\n        ...PersonFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.PersonListDocument,
    "\n  mutation CreatePerson($name: String!, $password: String, $role: RoleWord!) {\n    createUser(name: $name, password: $password, role: $role) {\n      id\n      name\n    }\n  }\n": typeof types.CreatePersonDocument,
    "\n  mutation UpdatePerson($id: String!, $role: RoleWord, $disabled: Boolean) {\n    updateUser(id: $id, role: $role, disabled: $disabled) {\n      id\n    }\n  }\n": typeof types.UpdatePersonDocument,
    "\n  mutation DeletePerson($id: String!) {\n    deleteUser(id: $id)\n  }\n": typeof types.DeletePersonDocument,
    "\n  mutation ResetPassword($id: String!, $password: String!) {\n    resetPassword(id: $id, password: $password)\n  }\n": typeof types.ResetPasswordDocument,
    "\n  mutation SetGrant($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {\n    setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) {\n      id\n    }\n  }\n": typeof types.SetGrantDocument,
    "\n  mutation RemoveGrant($user: String!, $thing: ThingWord!, $pattern: String!) {\n    removeGrant(user: $user, thing: $thing, pattern: $pattern) {\n      id\n    }\n  }\n": typeof types.RemoveGrantDocument,
    "\n  query SessionList($all: Boolean) {\n    sessions(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        current\n        createdAt\n        seenAt\n        expiresAt\n        address\n        browser\n      }\n    }\n  }\n": typeof types.SessionListDocument,
    "\n  mutation EndSession($id: String!) {\n    endSession(id: $id)\n  }\n": typeof types.EndSessionDocument,
    "\n  query TokenList($all: Boolean) {\n    tokens(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        name\n        role\n        readOnly\n        createdAt\n        expiresAt\n        usedAt\n      }\n    }\n  }\n": typeof types.TokenListDocument,
    "\n  mutation CreateToken($input: TokenInput!) {\n    createToken(input: $input) {\n      text\n      token {\n        id\n        name\n      }\n    }\n  }\n": typeof types.CreateTokenDocument,
    "\n  mutation RevokeToken($id: String!) {\n    revokeToken(id: $id)\n  }\n": typeof types.RevokeTokenDocument,
    "\n  mutation ChangePassword($old: String!, $new: String!) {\n    changePassword(oldPassword: $old, newPassword: $new)\n  }\n": typeof types.ChangePasswordDocument,
    "\n  query AuditLog($filter: AuditFilterInput, $after: String, $first: Int!) {\n    auditLog(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          number\n          at\n          who\n          way\n          address\n          operation\n          subject\n          outcome\n          given\n          before\n          after\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.AuditLogDocument,
    "\n  query AuditVerdict {\n    auditVerdict {\n      whole\n      entries\n      checkpoints\n      faultCount\n      firstBroken {\n        entry\n        message\n      }\n      faults {\n        entry\n        message\n      }\n    }\n  }\n": typeof types.AuditVerdictDocument,
    "\n  fragment StoreRun on Run {\n    id\n    status\n    createdAt\n    error {\n      code\n      message\n      hint\n    }\n    steps {\n      id\n      outputs\n    }\n  }\n": typeof types.StoreRunFragmentDoc,
    "\n  query StoreList {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n        outline {\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            ...StoreRun\n          }\n        }\n      }\n    }\n  }\n": typeof types.StoreListDocument,
    "\n  query StoreDetail($workflow: String!) {\n    workflow(id: $workflow) {\n      id\n      outline {\n        schedules\n        nextRunAt\n      }\n      runs(first: 100) {\n        nodes {\n          ...StoreRun\n        }\n      }\n    }\n  }\n": typeof types.StoreDetailDocument,
    "\n  mutation SaveInspection($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n": typeof types.SaveInspectionDocument,
    "\n  mutation StartInspection($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": typeof types.StartInspectionDocument,
    "\n  fragment TableProblem on Problem {\n    code\n    message\n    hint\n    path\n    line\n    column\n  }\n": typeof types.TableProblemFragmentDoc,
    "\n  fragment TableChange on TableChangeView {\n    summary\n    sql\n    lock\n    rewrite\n    loss\n    note\n  }\n": typeof types.TableChangeFragmentDoc,
    "\n  query PlanTables($document: String!) {\n    tablesPlan(document: $document) {\n      problems {\n        ...TableProblem\n      }\n      tables {\n        databaseType\n        connection\n        table\n        action\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        error {\n          ...TableProblem\n        }\n        fingerprint\n      }\n    }\n  }\n": typeof types.PlanTablesDocument,
    "\n  mutation ApplyTables($document: String!, $agreed: [TablePlanAgreement!]!, $allowDestructive: Boolean!) {\n    applyTables(document: $document, agreed: $agreed, allowDestructive: $allowDestructive) {\n      created\n      altered\n      unchanged\n      manual\n      failed\n      skipped\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        status\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n": typeof types.ApplyTablesDocument,
    "\n  mutation ValidateTables($document: String!) {\n    validateTables(document: $document) {\n      differences\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        verdict\n        differences\n        error {\n          ...TableProblem\n        }\n        columns {\n          column\n          verdict\n          wanted\n          live\n          differences\n        }\n      }\n    }\n  }\n": typeof types.ValidateTablesDocument,
    "\n  query ImportTables($connection: String!) {\n    tablesImport(connection: $connection) {\n      document\n      tables\n      leftOut\n    }\n  }\n": typeof types.ImportTablesDocument,
    "\n  query TableLog($filter: TableLogWish!, $first: Int!) {\n    tableLogs(filter: $filter, first: $first) {\n      nodes {\n        id\n        at\n        who\n        connection\n        table\n        subject\n        status\n        ddl\n        parameters\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n": typeof types.TableLogDocument,
    "\n  fragment TransferProgress on MigrationProgress {\n    runId\n    state\n    rows\n    rowsExpected\n    rejected\n    bytes\n    chunks\n    chunksDone\n    seconds\n    rowsPerSecond\n    secondsLeft\n    error\n    tables\n  }\n": typeof types.TransferProgressFragmentDoc,
    "\n  query TransferList {\n    migrations(first: 200) {\n      nodes {\n        name\n        settings\n        progress {\n          ...TransferProgress\n        }\n      }\n    }\n  }\n": typeof types.TransferListDocument,
    "\n  query TransferDetail($name: String!) {\n    migration(name: $name) {\n      name\n      description\n      settings\n      progress {\n        ...TransferProgress\n      }\n    }\n    workflow(id: $name) {\n      id\n      runs(first: 20) {\n        nodes {\n          id\n          status\n          inputs\n          createdAt\n          startedAt\n          finishedAt\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n": typeof types.TransferDetailDocument,
    "\n  query TransferLook($input: MigrationInput!, $full: Boolean!) {\n    migrationLook(input: $input, full: $full, sample: 5) {\n      hasMore\n      leftOut {\n        kind\n        name\n        table\n        message\n      }\n      tables {\n        source\n        target\n        exists\n        rowEstimate\n        notes\n        statements\n        sample\n        columns {\n          target\n          targetType\n          source\n          sourceType\n        }\n        hazards {\n          column\n          kind\n          rows\n          message\n          isLoss\n          hint\n        }\n        error {\n          code\n          message\n          hint\n        }\n      }\n    }\n  }\n": typeof types.TransferLookDocument,
    "\n  mutation CreateTransfer($name: String!, $input: MigrationInput!, $replace: Boolean!) {\n    createMigration(name: $name, input: $input, replace: $replace) {\n      name\n    }\n  }\n": typeof types.CreateTransferDocument,
    "\n  mutation StartTransfer($name: String!) {\n    startMigration(name: $name) {\n      id\n    }\n  }\n": typeof types.StartTransferDocument,
    "\n  mutation CancelTransfer($name: String!) {\n    cancelMigration(name: $name) {\n      name\n    }\n  }\n": typeof types.CancelTransferDocument,
    "\n  mutation ResumeTransfer($name: String!) {\n    resumeMigration(name: $name) {\n      name\n    }\n  }\n": typeof types.ResumeTransferDocument,
    "\n  mutation ValidateTransfer($name: String!) {\n    validateMigration(name: $name) {\n      id\n    }\n  }\n": typeof types.ValidateTransferDocument,
    "\n  mutation SaveDemo($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n": typeof types.SaveDemoDocument,
    "\n  mutation StartDemo($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": typeof types.StartDemoDocument,
    "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    outline {\n      description\n      tags\n      schedules\n      webhooks\n      nextRunAt\n    }\n    runs(first: 12) {\n      nodes {\n        id\n        status\n        createdAt\n        startedAt\n        finishedAt\n      }\n    }\n  }\n": typeof types.WorkflowRowFragmentDoc,
    "\n  query WorkflowList {\n    workflows(first: 200) {\n      nodes {\n        ...WorkflowRow\n      }\n    }\n  }\n": typeof types.WorkflowListDocument,
    "\n  query WorkflowText($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      version {\n        text\n      }\n    }\n  }\n": typeof types.WorkflowTextDocument,
    "\n  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": typeof types.EnableWorkflowDocument,
    "\n  mutation DeleteWorkflow($id: String!) {\n    deleteWorkflow(id: $id)\n  }\n": typeof types.DeleteWorkflowDocument,
    "\n  mutation StartRunNow($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": typeof types.StartRunNowDocument,
    "\n  mutation ImportWorkflow($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": typeof types.ImportWorkflowDocument,
    "\n  query CatalogConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n": typeof types.CatalogConnectionsDocument,
    "\n  query CatalogTables($name: String!) {\n    connection(name: $name) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": typeof types.CatalogTablesDocument,
    "\n  query CatalogTable($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      rowEstimate\n      columns {\n        name\n        nativeType\n        nullable\n        default\n      }\n    }\n  }\n": typeof types.CatalogTableDocument,
    "\n  subscription FollowRun($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      chunk\n      log {\n        at\n        step\n        level\n        message\n      }\n    }\n  }\n": typeof types.FollowRunDocument,
    "\n  query ReadLog($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.ReadLogDocument,
};
const documents: Documents = {
    "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": types.PaletteWorkflowsDocument,
    "\n  fragment DeliveryFields on AlertDelivery {\n    id\n    channel\n    level\n    status\n    reason\n    nextAt\n    messageId\n    providerId\n    createdAt\n    endedAt\n    attempts {\n      number\n      at\n      outcome\n      code\n      message\n      durationMs\n      nextAt\n    }\n  }\n": types.DeliveryFieldsFragmentDoc,
    "\n  fragment AlertRow on Alert {\n    id\n    severity\n    title\n    workflow\n    raisedAt\n    duplicateOf\n    acknowledgedAt\n    deliveries {\n      id\n      channel\n      status\n      reason\n    }\n  }\n": types.AlertRowFragmentDoc,
    "\n  query AlertList($filter: AlertFilterInput, $after: String, $first: Int!) {\n    alerts(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          ...AlertRow\n        }\n      }\n      pageInfo {\n        endCursor\n        hasNextPage\n      }\n    }\n  }\n": types.AlertListDocument,
    "\n  query OneAlert($id: String!) {\n    alert(id: $id) {\n      id\n      severity\n      title\n      text\n      fields {\n        name\n        value\n      }\n      link\n      labels {\n        name\n        value\n      }\n      workflow\n      runId\n      step\n      raisedAt\n      duplicateOf\n      acknowledgedAt\n      acknowledgedBy\n      comment\n      deliveries {\n        ...DeliveryFields\n      }\n    }\n  }\n": types.OneAlertDocument,
    "\n  mutation RetryDelivery($id: String!) {\n    retryDelivery(id: $id) {\n      id\n      status\n      attempts {\n        number\n        message\n      }\n    }\n  }\n": types.RetryDeliveryDocument,
    "\n  mutation AcknowledgeAlert($id: String!, $comment: String) {\n    acknowledgeAlert(id: $id, comment: $comment) {\n      id\n    }\n  }\n": types.AcknowledgeAlertDocument,
    "\n  query AlertPolicy {\n    alertPolicy\n  }\n": types.AlertPolicyDocument,
    "\n  query AlertChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n      }\n    }\n  }\n": types.AlertChannelsDocument,
    "\n  mutation ApplyPolicy($text: String!) {\n    applyAlertPolicy(text: $text) {\n      text\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": types.ApplyPolicyDocument,
    "\n  mutation DeletePolicy {\n    deleteAlertPolicy\n  }\n": types.DeletePolicyDocument,
    "\n  query PreviewAlert($input: AlertPreviewInput!) {\n    previewAlert(input: $input) {\n      severity\n      subject\n      text\n      markdown\n      fields {\n        name\n        value\n      }\n    }\n  }\n": types.PreviewAlertDocument,
    "\n  fragment AnomalyFields on Anomaly {\n    id\n    rule\n    severity\n    state\n    connection\n    table\n    scope\n    message\n    details\n    count\n    firstSeen\n    lastSeen\n    runId\n    changedBy\n    changedAt\n    comment\n    alertedAt\n  }\n": types.AnomalyFieldsFragmentDoc,
    "\n  query AnomalyList($filter: AnomalyFilterInput, $after: String, $first: Int!) {\n    anomalies(filter: $filter, after: $after, first: $first) {\n      nodes {\n        ...AnomalyFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.AnomalyListDocument,
    "\n  query OneAnomaly($id: String!) {\n    anomaly(id: $id) {\n      ...AnomalyFields\n    }\n  }\n": types.OneAnomalyDocument,
    "\n  mutation AcknowledgeAnomaly($id: String!, $comment: String) {\n    acknowledgeAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": types.AcknowledgeAnomalyDocument,
    "\n  mutation ResolveAnomaly($id: String!, $comment: String) {\n    resolveAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": types.ResolveAnomalyDocument,
    "\n  mutation ReopenAnomaly($id: String!, $comment: String) {\n    reopenAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n": types.ReopenAnomalyDocument,
    "\n  query AnomalyRules {\n    anomalyRules {\n      rule\n      thresholds\n      severity\n      muted\n      channels\n      dedupeSeconds\n    }\n  }\n": types.AnomalyRulesDocument,
    "\n  mutation ConfigureRule($rule: AnomalyRuleInput!) {\n    configureAnomalyRule(rule: $rule) {\n      rule\n    }\n  }\n": types.ConfigureRuleDocument,
    "\n  mutation ResetRule($rule: String!) {\n    resetAnomalyRule(rule: $rule)\n  }\n": types.ResetRuleDocument,
    "\n  fragment ChannelRow on Channel {\n    name\n    kind\n    settings\n    hasSecret\n    updatedAt\n  }\n": types.ChannelRowFragmentDoc,
    "\n  query ChannelList {\n    channels(first: 200) {\n      nodes {\n        ...ChannelRow\n      }\n    }\n  }\n": types.ChannelListDocument,
    "\n  query ChannelKinds {\n    channelKinds {\n      kind\n      summary\n      schema\n      secrets {\n        name\n        about\n      }\n    }\n  }\n": types.ChannelKindsDocument,
    "\n  mutation CreateChannel($name: String!, $input: ChannelInput!) {\n    createChannel(name: $name, input: $input) {\n      name\n    }\n  }\n": types.CreateChannelDocument,
    "\n  mutation UpdateChannel($name: String!, $input: ChannelInput!) {\n    updateChannel(name: $name, input: $input) {\n      name\n    }\n  }\n": types.UpdateChannelDocument,
    "\n  mutation DeleteChannel($name: String!) {\n    deleteChannel(name: $name)\n  }\n": types.DeleteChannelDocument,
    "\n  mutation TestChannel($name: String!, $severity: AlertSeverity) {\n    testChannel(name: $name, severity: $severity) {\n      ok\n      message\n      code\n      hint\n      providerId\n    }\n  }\n": types.TestChannelDocument,
    "\n  fragment ConnectionRow on Connection {\n    name\n    system\n    settings\n    hasSecret\n    isSaved\n    variable\n    allowWrite\n    description\n    labels\n    updatedAt\n    lastTest {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n": types.ConnectionRowFragmentDoc,
    "\n  query ConnectionList {\n    connections(first: 200) {\n      nodes {\n        ...ConnectionRow\n      }\n    }\n  }\n": types.ConnectionListDocument,
    "\n  query ConnectionUse($name: String!) {\n    connection(name: $name) {\n      name\n      workflows {\n        nodes\n      }\n    }\n  }\n": types.ConnectionUseDocument,
    "\n  query OneConnection($name: String!) {\n    connection(name: $name) {\n      ...ConnectionRow\n      workflows {\n        nodes\n      }\n    }\n  }\n": types.OneConnectionDocument,
    "\n  mutation CreateConnection($name: String!, $input: NewConnection!) {\n    createConnection(name: $name, input: $input) {\n      name\n    }\n  }\n": types.CreateConnectionDocument,
    "\n  mutation UpdateConnection($name: String!, $input: ConnectionInput!) {\n    updateConnection(name: $name, input: $input) {\n      name\n    }\n  }\n": types.UpdateConnectionDocument,
    "\n  mutation DeleteConnection($name: String!, $force: Boolean!) {\n    deleteConnection(name: $name, force: $force)\n  }\n": types.DeleteConnectionDocument,
    "\n  mutation TestConnection($name: String!) {\n    testConnection(name: $name) {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n": types.TestConnectionDocument,
    "\n  query ConnectionTables($name: String!, $after: String, $first: Int!) {\n    connection(name: $name) {\n      name\n      tables(after: $after, first: $first) {\n        nodes\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.ConnectionTablesDocument,
    "\n  query TableShape($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n        nullable\n        default\n        comment\n        isTag\n      }\n      key\n      rowEstimate\n      indexes {\n        name\n        columns\n        unique\n      }\n      foreignKeys {\n        name\n        columns\n        references\n        referencedColumns\n      }\n      comment\n    }\n  }\n": types.TableShapeDocument,
    "\n  query ConsoleConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n        allowWrite\n      }\n    }\n  }\n": types.ConsoleConnectionsDocument,
    "\n  query ConsoleTables($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": types.ConsoleTablesDocument,
    "\n  query ConsoleColumns($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n": types.ConsoleColumnsDocument,
    "\n  query CheckStatement($connection: String!, $sql: String!, $estimate: Boolean!) {\n    checkStatement(connection: $connection, sql: $sql, estimate: $estimate) {\n      effect\n      tables\n      refusal\n      estimatedRows\n      estimatedCost\n      plan\n      problem {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": types.CheckStatementDocument,
    "\n  mutation RunStatement($input: StatementInput!) {\n    runStatement(input: $input) {\n      id\n      columns {\n        name\n        nativeType\n      }\n      rows\n      truncated\n      affected\n      durationMs\n    }\n  }\n": types.RunStatementDocument,
    "\n  mutation CancelStatement($id: String!) {\n    cancelStatement(id: $id)\n  }\n": types.CancelStatementDocument,
    "\n  query StatementHistory($connection: String, $after: String) {\n    statements(connection: $connection, after: $after, first: 50) {\n      nodes {\n        id\n        connection\n        sql\n        who\n        startedAt\n        outcome\n        rows\n        truncated\n        durationMs\n        errorCode\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.StatementHistoryDocument,
    "\n  query DiffList($after: String) {\n    workflows(first: 200, after: $after) {\n      nodes {\n        id\n        name\n        updatedAt\n        outline {\n          description\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            id\n            status\n            createdAt\n            steps {\n              id\n              outputs\n            }\n          }\n        }\n      }\n    }\n  }\n": types.DiffListDocument,
    "\n  mutation StartDiff($input: DiffInput!) {\n    startDiff(input: $input) {\n      run {\n        id\n      }\n    }\n  }\n": types.StartDiffDocument,
    "\n  query DiffDetail($run: String!) {\n    diff(run: $run) {\n      key\n      isCounted\n      differences\n      missing\n      extra\n      changed\n      equal\n      leftRows\n      rightRows\n      percent\n      strategy\n      reasons\n      notes\n      complete\n      error {\n        code\n        message\n        hint\n        path\n      }\n      run {\n        id\n        status\n        workflowName\n        createdAt\n        startedAt\n        finishedAt\n        version {\n          text\n        }\n        steps {\n          id\n          outputs\n          rowsIn\n          error {\n            code\n            message\n            hint\n            path\n          }\n        }\n      }\n    }\n  }\n": types.DiffDetailDocument,
    "\n  query DiffRows($run: String!, $after: String, $first: Int!) {\n    diffRows(run: $run, after: $after, first: $first) {\n      key\n      columns\n      next\n      rows {\n        kind\n        key\n        values\n        changes {\n          column\n          left\n          right\n        }\n      }\n    }\n  }\n": types.DiffRowsDocument,
    "\n  query DiffRepair($run: String!, $first: Int!) {\n    diffRepair(run: $run, first: $first) {\n      statements\n      complete\n    }\n  }\n": types.DiffRepairDocument,
    "\n  mutation CancelDiff($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n": types.CancelDiffDocument,
    "\n  query EditorWorkflow($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      versionNumber\n      version {\n        number\n        text\n      }\n    }\n  }\n": types.EditorWorkflowDocument,
    "\n  query EditorKinds {\n    stepKinds {\n      name\n      summary\n      schema\n      ports\n      outputs\n      inputs\n      namedPorts\n    }\n  }\n": types.EditorKindsDocument,
    "\n  query CheckDocument($text: String!) {\n    check(text: $text) {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n": types.CheckDocumentDocument,
    "\n  mutation SaveDocument($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": types.SaveDocumentDocument,
    "\n  mutation TryDocument($document: String!, $upTo: String, $rows: Int, $pins: [TrialPin!]) {\n    tryDocument(document: $document, upTo: $upTo, rows: $rows, pins: $pins) {\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      trial {\n        timedOut\n        steps {\n          id\n          status\n          error {\n            code\n            message\n            hint\n          }\n        }\n        ports {\n          step\n          port\n          total\n          rows\n          columns {\n            name\n            nativeType\n          }\n        }\n        targets {\n          step\n          connection\n          table\n          plugin\n          rows\n          makesTable\n          missingColumns\n        }\n      }\n    }\n  }\n": types.TryDocumentDocument,
    "\n  mutation StartRun($workflow: String!, $inputs: String) {\n    startRun(workflow: $workflow, inputs: $inputs) {\n      id\n    }\n  }\n": types.StartRunDocument,
    "\n  query WorkflowVersions($id: String!) {\n    workflow(id: $id) {\n      id\n      versions(first: 50) {\n        nodes {\n          id\n          number\n          text\n          createdAt\n        }\n      }\n    }\n  }\n": types.WorkflowVersionsDocument,
    "\n  query StepRuns($id: String!) {\n    workflow(id: $id) {\n      id\n      runs(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          steps {\n            id\n            status\n            rowsIn\n            rowsOut\n            rowsRejected\n            durationMs\n            error {\n              message\n            }\n          }\n        }\n      }\n    }\n  }\n": types.StepRunsDocument,
    "\n  query ConnectionNames {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n": types.ConnectionNamesDocument,
    "\n  query TableNames($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": types.TableNamesDocument,
    "\n  query ColumnNames($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n": types.ColumnNamesDocument,
    "\n  fragment MonitorFinding on MonitorResult {\n    runId\n    at\n    status\n    measures\n    value\n    trend\n    passed\n  }\n": types.MonitorFindingFragmentDoc,
    "\n  query MonitorList {\n    monitors(first: 200) {\n      nodes {\n        name\n        template\n        description\n        cron\n        enabled\n        last {\n          ...MonitorFinding\n        }\n      }\n    }\n  }\n": types.MonitorListDocument,
    "\n  query MonitorDetail($name: String!, $first: Int!) {\n    monitorResults(name: $name, first: $first) {\n      nodes {\n        ...MonitorFinding\n      }\n    }\n    workflow(id: $name) {\n      id\n      name\n      enabled\n      outline {\n        description\n        schedules\n        nextRunAt\n      }\n      version {\n        text\n      }\n    }\n  }\n": types.MonitorDetailDocument,
    "\n  query MonitorDocument($name: String!) {\n    workflow(id: $name) {\n      id\n      version {\n        text\n      }\n    }\n  }\n": types.MonitorDocumentDocument,
    "\n  mutation CreateMonitor($input: MonitorInput!) {\n    createMonitor(input: $input) {\n      name\n    }\n  }\n": types.CreateMonitorDocument,
    "\n  mutation RunMonitor($name: String!) {\n    startRun(workflow: $name) {\n      id\n    }\n  }\n": types.RunMonitorDocument,
    "\n  mutation EnableMonitor($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": types.EnableMonitorDocument,
    "\n  fragment PluginFields on Plugin {\n    name\n    version\n    versions\n    description\n    contract\n    kinds\n    asks\n    grants\n    missing\n    configSchema\n    digest\n    signedBy\n  }\n": types.PluginFieldsFragmentDoc,
    "\n  query PluginList {\n    plugins {\n      ...PluginFields\n    }\n  }\n": types.PluginListDocument,
    "\n  query OnePlugin($name: String!) {\n    plugin(name: $name) {\n      ...PluginFields\n    }\n  }\n": types.OnePluginDocument,
    "\n  mutation InstallPlugin($archive: String!) {\n    installPlugin(archive: $archive) {\n      name\n      version\n      missing\n    }\n  }\n": types.InstallPluginDocument,
    "\n  mutation GrantPlugin($name: String!, $grants: [String!]!) {\n    grantPlugin(name: $name, grants: $grants) {\n      name\n      grants\n      missing\n    }\n  }\n": types.GrantPluginDocument,
    "\n  mutation RollBackPlugin($name: String!, $to: String) {\n    rollbackPlugin(name: $name, to: $to) {\n      name\n      version\n    }\n  }\n": types.RollBackPluginDocument,
    "\n  mutation RemovePlugin($name: String!) {\n    removePlugin(name: $name)\n  }\n": types.RemovePluginDocument,
    "\n  query PluginHealth($name: String!) {\n    plugin(name: $name) {\n      name\n      health {\n        instances\n        calls\n        failures\n        traps\n        limitHits\n        seconds\n        lastFailure {\n          at\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n": types.PluginHealthDocument,
    "\n  query PluginLogs($name: String!, $level: PluginLogLevel, $after: String, $first: Int) {\n    plugin(name: $name) {\n      name\n      logs(level: $level, after: $after, first: $first) {\n        nodes {\n          at\n          level\n          call\n          message\n          fields\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.PluginLogsDocument,
    "\n  fragment RunRow on Run {\n    id\n    status\n    trigger\n    workflowName\n    createdAt\n    startedAt\n    finishedAt\n    error {\n      message\n    }\n    steps {\n      id\n      rowsOut\n      rowsRejected\n    }\n  }\n": types.RunRowFragmentDoc,
    "\n  query RunList($workflow: String, $statuses: [RunStatusWord!], $after: String) {\n    runs(workflow: $workflow, statuses: $statuses, after: $after, first: 50) {\n      nodes {\n        ...RunRow\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.RunListDocument,
    "\n  query RunWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n": types.RunWorkflowsDocument,
    "\n  fragment RunStep on Step {\n    id\n    status\n    attempts\n    outputs\n    rowsIn\n    rowsOut\n    rowsRejected\n    bytes\n    durationMs\n    busyMs\n    cpuMs\n    peakMemory\n    ports\n    startedAt\n    finishedAt\n    error {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n": types.RunStepFragmentDoc,
    "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      status\n      trigger\n      inputs\n      workflowId\n      workflowName\n      createdAt\n      startedAt\n      finishedAt\n      version {\n        number\n        text\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      steps {\n        ...RunStep\n      }\n    }\n  }\n": types.RunDetailDocument,
    "\n  query RunLogs($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.RunLogsDocument,
    "\n  query RunArtifacts($id: String!) {\n    run(id: $id) {\n      id\n      artifacts {\n        name\n        step\n        rows\n        bytes\n        createdAt\n      }\n    }\n  }\n": types.RunArtifactsDocument,
    "\n  subscription RunEvents($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      rowsRejected\n      ports\n      log {\n        at\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n": types.RunEventsDocument,
    "\n  subscription AllRunEvents {\n    runEvents {\n      runId\n      status\n    }\n  }\n": types.AllRunEventsDocument,
    "\n  mutation CancelRun($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n": types.CancelRunDocument,
    "\n  mutation RetryRun($id: String!, $from: String) {\n    retryRun(id: $id, from: $from) {\n      id\n      status\n    }\n  }\n": types.RetryRunDocument,
    "\n  query ServerView {\n    server {\n      version\n      startedAt\n      settings {\n        group\n        flag\n        variable\n        value\n      }\n      stores\n      keys {\n        source\n        keys {\n          fingerprint\n          sealed\n        }\n        outdated\n        unreadable\n      }\n    }\n  }\n": types.ServerViewDocument,
    "\n  query MailChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n        settings\n      }\n    }\n  }\n": types.MailChannelsDocument,
    "\n  query CleanupWorkflows($after: String) {\n    workflows(after: $after, first: 200) {\n      nodes {\n        name\n        enabled\n        outline {\n          nextRunAt\n          schedules\n        }\n        version {\n          text\n        }\n      }\n    }\n  }\n": types.CleanupWorkflowsDocument,
    "\n  query BackupList($connection: String, $after: String, $first: Int!) {\n    backups(connection: $connection, after: $after, first: $first) {\n      nodes {\n        id\n        connection\n        folder\n        method\n        bytes\n        checksum\n        durationMs\n        status\n        error\n        runId\n        createdAt\n        verifiedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.BackupListDocument,
    "\n  fragment PersonFields on User {\n    id\n    name\n    role\n    disabled\n    hasPassword\n    createdAt\n    signedInAt\n    grants {\n      thing\n      pattern\n      level\n    }\n  }\n": types.PersonFieldsFragmentDoc,
    "\n  query PersonList($after: String, $first: Int!) {\n    users(after: $after, first: $first) {\n      nodes {\n        ...PersonFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.PersonListDocument,
    "\n  mutation CreatePerson($name: String!, $password: String, $role: RoleWord!) {\n    createUser(name: $name, password: $password, role: $role) {\n      id\n      name\n    }\n  }\n": types.CreatePersonDocument,
    "\n  mutation UpdatePerson($id: String!, $role: RoleWord, $disabled: Boolean) {\n    updateUser(id: $id, role: $role, disabled: $disabled) {\n      id\n    }\n  }\n": types.UpdatePersonDocument,
    "\n  mutation DeletePerson($id: String!) {\n    deleteUser(id: $id)\n  }\n": types.DeletePersonDocument,
    "\n  mutation ResetPassword($id: String!, $password: String!) {\n    resetPassword(id: $id, password: $password)\n  }\n": types.ResetPasswordDocument,
    "\n  mutation SetGrant($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {\n    setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) {\n      id\n    }\n  }\n": types.SetGrantDocument,
    "\n  mutation RemoveGrant($user: String!, $thing: ThingWord!, $pattern: String!) {\n    removeGrant(user: $user, thing: $thing, pattern: $pattern) {\n      id\n    }\n  }\n": types.RemoveGrantDocument,
    "\n  query SessionList($all: Boolean) {\n    sessions(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        current\n        createdAt\n        seenAt\n        expiresAt\n        address\n        browser\n      }\n    }\n  }\n": types.SessionListDocument,
    "\n  mutation EndSession($id: String!) {\n    endSession(id: $id)\n  }\n": types.EndSessionDocument,
    "\n  query TokenList($all: Boolean) {\n    tokens(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        name\n        role\n        readOnly\n        createdAt\n        expiresAt\n        usedAt\n      }\n    }\n  }\n": types.TokenListDocument,
    "\n  mutation CreateToken($input: TokenInput!) {\n    createToken(input: $input) {\n      text\n      token {\n        id\n        name\n      }\n    }\n  }\n": types.CreateTokenDocument,
    "\n  mutation RevokeToken($id: String!) {\n    revokeToken(id: $id)\n  }\n": types.RevokeTokenDocument,
    "\n  mutation ChangePassword($old: String!, $new: String!) {\n    changePassword(oldPassword: $old, newPassword: $new)\n  }\n": types.ChangePasswordDocument,
    "\n  query AuditLog($filter: AuditFilterInput, $after: String, $first: Int!) {\n    auditLog(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          number\n          at\n          who\n          way\n          address\n          operation\n          subject\n          outcome\n          given\n          before\n          after\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.AuditLogDocument,
    "\n  query AuditVerdict {\n    auditVerdict {\n      whole\n      entries\n      checkpoints\n      faultCount\n      firstBroken {\n        entry\n        message\n      }\n      faults {\n        entry\n        message\n      }\n    }\n  }\n": types.AuditVerdictDocument,
    "\n  fragment StoreRun on Run {\n    id\n    status\n    createdAt\n    error {\n      code\n      message\n      hint\n    }\n    steps {\n      id\n      outputs\n    }\n  }\n": types.StoreRunFragmentDoc,
    "\n  query StoreList {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n        outline {\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            ...StoreRun\n          }\n        }\n      }\n    }\n  }\n": types.StoreListDocument,
    "\n  query StoreDetail($workflow: String!) {\n    workflow(id: $workflow) {\n      id\n      outline {\n        schedules\n        nextRunAt\n      }\n      runs(first: 100) {\n        nodes {\n          ...StoreRun\n        }\n      }\n    }\n  }\n": types.StoreDetailDocument,
    "\n  mutation SaveInspection($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n": types.SaveInspectionDocument,
    "\n  mutation StartInspection($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": types.StartInspectionDocument,
    "\n  fragment TableProblem on Problem {\n    code\n    message\n    hint\n    path\n    line\n    column\n  }\n": types.TableProblemFragmentDoc,
    "\n  fragment TableChange on TableChangeView {\n    summary\n    sql\n    lock\n    rewrite\n    loss\n    note\n  }\n": types.TableChangeFragmentDoc,
    "\n  query PlanTables($document: String!) {\n    tablesPlan(document: $document) {\n      problems {\n        ...TableProblem\n      }\n      tables {\n        databaseType\n        connection\n        table\n        action\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        error {\n          ...TableProblem\n        }\n        fingerprint\n      }\n    }\n  }\n": types.PlanTablesDocument,
    "\n  mutation ApplyTables($document: String!, $agreed: [TablePlanAgreement!]!, $allowDestructive: Boolean!) {\n    applyTables(document: $document, agreed: $agreed, allowDestructive: $allowDestructive) {\n      created\n      altered\n      unchanged\n      manual\n      failed\n      skipped\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        status\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n": types.ApplyTablesDocument,
    "\n  mutation ValidateTables($document: String!) {\n    validateTables(document: $document) {\n      differences\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        verdict\n        differences\n        error {\n          ...TableProblem\n        }\n        columns {\n          column\n          verdict\n          wanted\n          live\n          differences\n        }\n      }\n    }\n  }\n": types.ValidateTablesDocument,
    "\n  query ImportTables($connection: String!) {\n    tablesImport(connection: $connection) {\n      document\n      tables\n      leftOut\n    }\n  }\n": types.ImportTablesDocument,
    "\n  query TableLog($filter: TableLogWish!, $first: Int!) {\n    tableLogs(filter: $filter, first: $first) {\n      nodes {\n        id\n        at\n        who\n        connection\n        table\n        subject\n        status\n        ddl\n        parameters\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n": types.TableLogDocument,
    "\n  fragment TransferProgress on MigrationProgress {\n    runId\n    state\n    rows\n    rowsExpected\n    rejected\n    bytes\n    chunks\n    chunksDone\n    seconds\n    rowsPerSecond\n    secondsLeft\n    error\n    tables\n  }\n": types.TransferProgressFragmentDoc,
    "\n  query TransferList {\n    migrations(first: 200) {\n      nodes {\n        name\n        settings\n        progress {\n          ...TransferProgress\n        }\n      }\n    }\n  }\n": types.TransferListDocument,
    "\n  query TransferDetail($name: String!) {\n    migration(name: $name) {\n      name\n      description\n      settings\n      progress {\n        ...TransferProgress\n      }\n    }\n    workflow(id: $name) {\n      id\n      runs(first: 20) {\n        nodes {\n          id\n          status\n          inputs\n          createdAt\n          startedAt\n          finishedAt\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n": types.TransferDetailDocument,
    "\n  query TransferLook($input: MigrationInput!, $full: Boolean!) {\n    migrationLook(input: $input, full: $full, sample: 5) {\n      hasMore\n      leftOut {\n        kind\n        name\n        table\n        message\n      }\n      tables {\n        source\n        target\n        exists\n        rowEstimate\n        notes\n        statements\n        sample\n        columns {\n          target\n          targetType\n          source\n          sourceType\n        }\n        hazards {\n          column\n          kind\n          rows\n          message\n          isLoss\n          hint\n        }\n        error {\n          code\n          message\n          hint\n        }\n      }\n    }\n  }\n": types.TransferLookDocument,
    "\n  mutation CreateTransfer($name: String!, $input: MigrationInput!, $replace: Boolean!) {\n    createMigration(name: $name, input: $input, replace: $replace) {\n      name\n    }\n  }\n": types.CreateTransferDocument,
    "\n  mutation StartTransfer($name: String!) {\n    startMigration(name: $name) {\n      id\n    }\n  }\n": types.StartTransferDocument,
    "\n  mutation CancelTransfer($name: String!) {\n    cancelMigration(name: $name) {\n      name\n    }\n  }\n": types.CancelTransferDocument,
    "\n  mutation ResumeTransfer($name: String!) {\n    resumeMigration(name: $name) {\n      name\n    }\n  }\n": types.ResumeTransferDocument,
    "\n  mutation ValidateTransfer($name: String!) {\n    validateMigration(name: $name) {\n      id\n    }\n  }\n": types.ValidateTransferDocument,
    "\n  mutation SaveDemo($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n": types.SaveDemoDocument,
    "\n  mutation StartDemo($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": types.StartDemoDocument,
    "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    outline {\n      description\n      tags\n      schedules\n      webhooks\n      nextRunAt\n    }\n    runs(first: 12) {\n      nodes {\n        id\n        status\n        createdAt\n        startedAt\n        finishedAt\n      }\n    }\n  }\n": types.WorkflowRowFragmentDoc,
    "\n  query WorkflowList {\n    workflows(first: 200) {\n      nodes {\n        ...WorkflowRow\n      }\n    }\n  }\n": types.WorkflowListDocument,
    "\n  query WorkflowText($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      version {\n        text\n      }\n    }\n  }\n": types.WorkflowTextDocument,
    "\n  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": types.EnableWorkflowDocument,
    "\n  mutation DeleteWorkflow($id: String!) {\n    deleteWorkflow(id: $id)\n  }\n": types.DeleteWorkflowDocument,
    "\n  mutation StartRunNow($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": types.StartRunNowDocument,
    "\n  mutation ImportWorkflow($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": types.ImportWorkflowDocument,
    "\n  query CatalogConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n": types.CatalogConnectionsDocument,
    "\n  query CatalogTables($name: String!) {\n    connection(name: $name) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n": types.CatalogTablesDocument,
    "\n  query CatalogTable($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      rowEstimate\n      columns {\n        name\n        nativeType\n        nullable\n        default\n      }\n    }\n  }\n": types.CatalogTableDocument,
    "\n  subscription FollowRun($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      chunk\n      log {\n        at\n        step\n        level\n        message\n      }\n    }\n  }\n": types.FollowRunDocument,
    "\n  query ReadLog($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.ReadLogDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n"): typeof import('./graphql').PaletteWorkflowsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DeliveryFields on AlertDelivery {\n    id\n    channel\n    level\n    status\n    reason\n    nextAt\n    messageId\n    providerId\n    createdAt\n    endedAt\n    attempts {\n      number\n      at\n      outcome\n      code\n      message\n      durationMs\n      nextAt\n    }\n  }\n"): typeof import('./graphql').DeliveryFieldsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AlertRow on Alert {\n    id\n    severity\n    title\n    workflow\n    raisedAt\n    duplicateOf\n    acknowledgedAt\n    deliveries {\n      id\n      channel\n      status\n      reason\n    }\n  }\n"): typeof import('./graphql').AlertRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AlertList($filter: AlertFilterInput, $after: String, $first: Int!) {\n    alerts(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          ...AlertRow\n        }\n      }\n      pageInfo {\n        endCursor\n        hasNextPage\n      }\n    }\n  }\n"): typeof import('./graphql').AlertListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneAlert($id: String!) {\n    alert(id: $id) {\n      id\n      severity\n      title\n      text\n      fields {\n        name\n        value\n      }\n      link\n      labels {\n        name\n        value\n      }\n      workflow\n      runId\n      step\n      raisedAt\n      duplicateOf\n      acknowledgedAt\n      acknowledgedBy\n      comment\n      deliveries {\n        ...DeliveryFields\n      }\n    }\n  }\n"): typeof import('./graphql').OneAlertDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RetryDelivery($id: String!) {\n    retryDelivery(id: $id) {\n      id\n      status\n      attempts {\n        number\n        message\n      }\n    }\n  }\n"): typeof import('./graphql').RetryDeliveryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AcknowledgeAlert($id: String!, $comment: String) {\n    acknowledgeAlert(id: $id, comment: $comment) {\n      id\n    }\n  }\n"): typeof import('./graphql').AcknowledgeAlertDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AlertPolicy {\n    alertPolicy\n  }\n"): typeof import('./graphql').AlertPolicyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AlertChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n      }\n    }\n  }\n"): typeof import('./graphql').AlertChannelsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ApplyPolicy($text: String!) {\n    applyAlertPolicy(text: $text) {\n      text\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n"): typeof import('./graphql').ApplyPolicyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeletePolicy {\n    deleteAlertPolicy\n  }\n"): typeof import('./graphql').DeletePolicyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PreviewAlert($input: AlertPreviewInput!) {\n    previewAlert(input: $input) {\n      severity\n      subject\n      text\n      markdown\n      fields {\n        name\n        value\n      }\n    }\n  }\n"): typeof import('./graphql').PreviewAlertDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AnomalyFields on Anomaly {\n    id\n    rule\n    severity\n    state\n    connection\n    table\n    scope\n    message\n    details\n    count\n    firstSeen\n    lastSeen\n    runId\n    changedBy\n    changedAt\n    comment\n    alertedAt\n  }\n"): typeof import('./graphql').AnomalyFieldsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AnomalyList($filter: AnomalyFilterInput, $after: String, $first: Int!) {\n    anomalies(filter: $filter, after: $after, first: $first) {\n      nodes {\n        ...AnomalyFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').AnomalyListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneAnomaly($id: String!) {\n    anomaly(id: $id) {\n      ...AnomalyFields\n    }\n  }\n"): typeof import('./graphql').OneAnomalyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AcknowledgeAnomaly($id: String!, $comment: String) {\n    acknowledgeAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n"): typeof import('./graphql').AcknowledgeAnomalyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResolveAnomaly($id: String!, $comment: String) {\n    resolveAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n"): typeof import('./graphql').ResolveAnomalyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ReopenAnomaly($id: String!, $comment: String) {\n    reopenAnomaly(id: $id, comment: $comment) {\n      id\n      state\n    }\n  }\n"): typeof import('./graphql').ReopenAnomalyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AnomalyRules {\n    anomalyRules {\n      rule\n      thresholds\n      severity\n      muted\n      channels\n      dedupeSeconds\n    }\n  }\n"): typeof import('./graphql').AnomalyRulesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConfigureRule($rule: AnomalyRuleInput!) {\n    configureAnomalyRule(rule: $rule) {\n      rule\n    }\n  }\n"): typeof import('./graphql').ConfigureRuleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetRule($rule: String!) {\n    resetAnomalyRule(rule: $rule)\n  }\n"): typeof import('./graphql').ResetRuleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ChannelRow on Channel {\n    name\n    kind\n    settings\n    hasSecret\n    updatedAt\n  }\n"): typeof import('./graphql').ChannelRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChannelList {\n    channels(first: 200) {\n      nodes {\n        ...ChannelRow\n      }\n    }\n  }\n"): typeof import('./graphql').ChannelListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ChannelKinds {\n    channelKinds {\n      kind\n      summary\n      schema\n      secrets {\n        name\n        about\n      }\n    }\n  }\n"): typeof import('./graphql').ChannelKindsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateChannel($name: String!, $input: ChannelInput!) {\n    createChannel(name: $name, input: $input) {\n      name\n    }\n  }\n"): typeof import('./graphql').CreateChannelDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateChannel($name: String!, $input: ChannelInput!) {\n    updateChannel(name: $name, input: $input) {\n      name\n    }\n  }\n"): typeof import('./graphql').UpdateChannelDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteChannel($name: String!) {\n    deleteChannel(name: $name)\n  }\n"): typeof import('./graphql').DeleteChannelDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TestChannel($name: String!, $severity: AlertSeverity) {\n    testChannel(name: $name, severity: $severity) {\n      ok\n      message\n      code\n      hint\n      providerId\n    }\n  }\n"): typeof import('./graphql').TestChannelDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ConnectionRow on Connection {\n    name\n    system\n    settings\n    hasSecret\n    isSaved\n    variable\n    allowWrite\n    description\n    labels\n    updatedAt\n    lastTest {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n"): typeof import('./graphql').ConnectionRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionList {\n    connections(first: 200) {\n      nodes {\n        ...ConnectionRow\n      }\n    }\n  }\n"): typeof import('./graphql').ConnectionListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionUse($name: String!) {\n    connection(name: $name) {\n      name\n      workflows {\n        nodes\n      }\n    }\n  }\n"): typeof import('./graphql').ConnectionUseDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneConnection($name: String!) {\n    connection(name: $name) {\n      ...ConnectionRow\n      workflows {\n        nodes\n      }\n    }\n  }\n"): typeof import('./graphql').OneConnectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateConnection($name: String!, $input: NewConnection!) {\n    createConnection(name: $name, input: $input) {\n      name\n    }\n  }\n"): typeof import('./graphql').CreateConnectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateConnection($name: String!, $input: ConnectionInput!) {\n    updateConnection(name: $name, input: $input) {\n      name\n    }\n  }\n"): typeof import('./graphql').UpdateConnectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteConnection($name: String!, $force: Boolean!) {\n    deleteConnection(name: $name, force: $force)\n  }\n"): typeof import('./graphql').DeleteConnectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TestConnection($name: String!) {\n    testConnection(name: $name) {\n      ok\n      message\n      code\n      hint\n      durationMs\n      at\n    }\n  }\n"): typeof import('./graphql').TestConnectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionTables($name: String!, $after: String, $first: Int!) {\n    connection(name: $name) {\n      name\n      tables(after: $after, first: $first) {\n        nodes\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').ConnectionTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TableShape($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n        nullable\n        default\n        comment\n        isTag\n      }\n      key\n      rowEstimate\n      indexes {\n        name\n        columns\n        unique\n      }\n      foreignKeys {\n        name\n        columns\n        references\n        referencedColumns\n      }\n      comment\n    }\n  }\n"): typeof import('./graphql').TableShapeDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConsoleConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n        allowWrite\n      }\n    }\n  }\n"): typeof import('./graphql').ConsoleConnectionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConsoleTables($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n"): typeof import('./graphql').ConsoleTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConsoleColumns($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n"): typeof import('./graphql').ConsoleColumnsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CheckStatement($connection: String!, $sql: String!, $estimate: Boolean!) {\n    checkStatement(connection: $connection, sql: $sql, estimate: $estimate) {\n      effect\n      tables\n      refusal\n      estimatedRows\n      estimatedCost\n      plan\n      problem {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n"): typeof import('./graphql').CheckStatementDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RunStatement($input: StatementInput!) {\n    runStatement(input: $input) {\n      id\n      columns {\n        name\n        nativeType\n      }\n      rows\n      truncated\n      affected\n      durationMs\n    }\n  }\n"): typeof import('./graphql').RunStatementDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelStatement($id: String!) {\n    cancelStatement(id: $id)\n  }\n"): typeof import('./graphql').CancelStatementDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query StatementHistory($connection: String, $after: String) {\n    statements(connection: $connection, after: $after, first: 50) {\n      nodes {\n        id\n        connection\n        sql\n        who\n        startedAt\n        outcome\n        rows\n        truncated\n        durationMs\n        errorCode\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').StatementHistoryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DiffList($after: String) {\n    workflows(first: 200, after: $after) {\n      nodes {\n        id\n        name\n        updatedAt\n        outline {\n          description\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            id\n            status\n            createdAt\n            steps {\n              id\n              outputs\n            }\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').DiffListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartDiff($input: DiffInput!) {\n    startDiff(input: $input) {\n      run {\n        id\n      }\n    }\n  }\n"): typeof import('./graphql').StartDiffDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DiffDetail($run: String!) {\n    diff(run: $run) {\n      key\n      isCounted\n      differences\n      missing\n      extra\n      changed\n      equal\n      leftRows\n      rightRows\n      percent\n      strategy\n      reasons\n      notes\n      complete\n      error {\n        code\n        message\n        hint\n        path\n      }\n      run {\n        id\n        status\n        workflowName\n        createdAt\n        startedAt\n        finishedAt\n        version {\n          text\n        }\n        steps {\n          id\n          outputs\n          rowsIn\n          error {\n            code\n            message\n            hint\n            path\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').DiffDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DiffRows($run: String!, $after: String, $first: Int!) {\n    diffRows(run: $run, after: $after, first: $first) {\n      key\n      columns\n      next\n      rows {\n        kind\n        key\n        values\n        changes {\n          column\n          left\n          right\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').DiffRowsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DiffRepair($run: String!, $first: Int!) {\n    diffRepair(run: $run, first: $first) {\n      statements\n      complete\n    }\n  }\n"): typeof import('./graphql').DiffRepairDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelDiff($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n"): typeof import('./graphql').CancelDiffDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EditorWorkflow($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      versionNumber\n      version {\n        number\n        text\n      }\n    }\n  }\n"): typeof import('./graphql').EditorWorkflowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EditorKinds {\n    stepKinds {\n      name\n      summary\n      schema\n      ports\n      outputs\n      inputs\n      namedPorts\n    }\n  }\n"): typeof import('./graphql').EditorKindsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CheckDocument($text: String!) {\n    check(text: $text) {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n"): typeof import('./graphql').CheckDocumentDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SaveDocument($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n"): typeof import('./graphql').SaveDocumentDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TryDocument($document: String!, $upTo: String, $rows: Int, $pins: [TrialPin!]) {\n    tryDocument(document: $document, upTo: $upTo, rows: $rows, pins: $pins) {\n      problems {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      trial {\n        timedOut\n        steps {\n          id\n          status\n          error {\n            code\n            message\n            hint\n          }\n        }\n        ports {\n          step\n          port\n          total\n          rows\n          columns {\n            name\n            nativeType\n          }\n        }\n        targets {\n          step\n          connection\n          table\n          plugin\n          rows\n          makesTable\n          missingColumns\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TryDocumentDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartRun($workflow: String!, $inputs: String) {\n    startRun(workflow: $workflow, inputs: $inputs) {\n      id\n    }\n  }\n"): typeof import('./graphql').StartRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WorkflowVersions($id: String!) {\n    workflow(id: $id) {\n      id\n      versions(first: 50) {\n        nodes {\n          id\n          number\n          text\n          createdAt\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').WorkflowVersionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query StepRuns($id: String!) {\n    workflow(id: $id) {\n      id\n      runs(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          steps {\n            id\n            status\n            rowsIn\n            rowsOut\n            rowsRejected\n            durationMs\n            error {\n              message\n            }\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').StepRunsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionNames {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n"): typeof import('./graphql').ConnectionNamesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TableNames($connection: String!) {\n    connection(name: $connection) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n"): typeof import('./graphql').TableNamesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ColumnNames($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      columns {\n        name\n        nativeType\n      }\n    }\n  }\n"): typeof import('./graphql').ColumnNamesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment MonitorFinding on MonitorResult {\n    runId\n    at\n    status\n    measures\n    value\n    trend\n    passed\n  }\n"): typeof import('./graphql').MonitorFindingFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MonitorList {\n    monitors(first: 200) {\n      nodes {\n        name\n        template\n        description\n        cron\n        enabled\n        last {\n          ...MonitorFinding\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').MonitorListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MonitorDetail($name: String!, $first: Int!) {\n    monitorResults(name: $name, first: $first) {\n      nodes {\n        ...MonitorFinding\n      }\n    }\n    workflow(id: $name) {\n      id\n      name\n      enabled\n      outline {\n        description\n        schedules\n        nextRunAt\n      }\n      version {\n        text\n      }\n    }\n  }\n"): typeof import('./graphql').MonitorDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MonitorDocument($name: String!) {\n    workflow(id: $name) {\n      id\n      version {\n        text\n      }\n    }\n  }\n"): typeof import('./graphql').MonitorDocumentDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateMonitor($input: MonitorInput!) {\n    createMonitor(input: $input) {\n      name\n    }\n  }\n"): typeof import('./graphql').CreateMonitorDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RunMonitor($name: String!) {\n    startRun(workflow: $name) {\n      id\n    }\n  }\n"): typeof import('./graphql').RunMonitorDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EnableMonitor($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n"): typeof import('./graphql').EnableMonitorDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment PluginFields on Plugin {\n    name\n    version\n    versions\n    description\n    contract\n    kinds\n    asks\n    grants\n    missing\n    configSchema\n    digest\n    signedBy\n  }\n"): typeof import('./graphql').PluginFieldsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PluginList {\n    plugins {\n      ...PluginFields\n    }\n  }\n"): typeof import('./graphql').PluginListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OnePlugin($name: String!) {\n    plugin(name: $name) {\n      ...PluginFields\n    }\n  }\n"): typeof import('./graphql').OnePluginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InstallPlugin($archive: String!) {\n    installPlugin(archive: $archive) {\n      name\n      version\n      missing\n    }\n  }\n"): typeof import('./graphql').InstallPluginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation GrantPlugin($name: String!, $grants: [String!]!) {\n    grantPlugin(name: $name, grants: $grants) {\n      name\n      grants\n      missing\n    }\n  }\n"): typeof import('./graphql').GrantPluginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RollBackPlugin($name: String!, $to: String) {\n    rollbackPlugin(name: $name, to: $to) {\n      name\n      version\n    }\n  }\n"): typeof import('./graphql').RollBackPluginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemovePlugin($name: String!) {\n    removePlugin(name: $name)\n  }\n"): typeof import('./graphql').RemovePluginDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PluginHealth($name: String!) {\n    plugin(name: $name) {\n      name\n      health {\n        instances\n        calls\n        failures\n        traps\n        limitHits\n        seconds\n        lastFailure {\n          at\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').PluginHealthDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PluginLogs($name: String!, $level: PluginLogLevel, $after: String, $first: Int) {\n    plugin(name: $name) {\n      name\n      logs(level: $level, after: $after, first: $first) {\n        nodes {\n          at\n          level\n          call\n          message\n          fields\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').PluginLogsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment RunRow on Run {\n    id\n    status\n    trigger\n    workflowName\n    createdAt\n    startedAt\n    finishedAt\n    error {\n      message\n    }\n    steps {\n      id\n      rowsOut\n      rowsRejected\n    }\n  }\n"): typeof import('./graphql').RunRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunList($workflow: String, $statuses: [RunStatusWord!], $after: String) {\n    runs(workflow: $workflow, statuses: $statuses, after: $after, first: 50) {\n      nodes {\n        ...RunRow\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').RunListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunWorkflows {\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n      }\n    }\n  }\n"): typeof import('./graphql').RunWorkflowsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment RunStep on Step {\n    id\n    status\n    attempts\n    outputs\n    rowsIn\n    rowsOut\n    rowsRejected\n    bytes\n    durationMs\n    busyMs\n    cpuMs\n    peakMemory\n    ports\n    startedAt\n    finishedAt\n    error {\n      code\n      message\n      hint\n      path\n      line\n      column\n    }\n  }\n"): typeof import('./graphql').RunStepFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      status\n      trigger\n      inputs\n      workflowId\n      workflowName\n      createdAt\n      startedAt\n      finishedAt\n      version {\n        number\n        text\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n      steps {\n        ...RunStep\n      }\n    }\n  }\n"): typeof import('./graphql').RunDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunLogs($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').RunLogsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunArtifacts($id: String!) {\n    run(id: $id) {\n      id\n      artifacts {\n        name\n        step\n        rows\n        bytes\n        createdAt\n      }\n    }\n  }\n"): typeof import('./graphql').RunArtifactsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription RunEvents($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      rowsRejected\n      ports\n      log {\n        at\n      }\n      error {\n        code\n        message\n        hint\n        path\n        line\n        column\n      }\n    }\n  }\n"): typeof import('./graphql').RunEventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription AllRunEvents {\n    runEvents {\n      runId\n      status\n    }\n  }\n"): typeof import('./graphql').AllRunEventsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelRun($id: String!) {\n    cancelRun(id: $id) {\n      id\n      status\n    }\n  }\n"): typeof import('./graphql').CancelRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RetryRun($id: String!, $from: String) {\n    retryRun(id: $id, from: $from) {\n      id\n      status\n    }\n  }\n"): typeof import('./graphql').RetryRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ServerView {\n    server {\n      version\n      startedAt\n      settings {\n        group\n        flag\n        variable\n        value\n      }\n      stores\n      keys {\n        source\n        keys {\n          fingerprint\n          sealed\n        }\n        outdated\n        unreadable\n      }\n    }\n  }\n"): typeof import('./graphql').ServerViewDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MailChannels {\n    channels(first: 200) {\n      nodes {\n        name\n        kind\n        settings\n      }\n    }\n  }\n"): typeof import('./graphql').MailChannelsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CleanupWorkflows($after: String) {\n    workflows(after: $after, first: 200) {\n      nodes {\n        name\n        enabled\n        outline {\n          nextRunAt\n          schedules\n        }\n        version {\n          text\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').CleanupWorkflowsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BackupList($connection: String, $after: String, $first: Int!) {\n    backups(connection: $connection, after: $after, first: $first) {\n      nodes {\n        id\n        connection\n        folder\n        method\n        bytes\n        checksum\n        durationMs\n        status\n        error\n        runId\n        createdAt\n        verifiedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').BackupListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment PersonFields on User {\n    id\n    name\n    role\n    disabled\n    hasPassword\n    createdAt\n    signedInAt\n    grants {\n      thing\n      pattern\n      level\n    }\n  }\n"): typeof import('./graphql').PersonFieldsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PersonList($after: String, $first: Int!) {\n    users(after: $after, first: $first) {\n      nodes {\n        ...PersonFields\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').PersonListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreatePerson($name: String!, $password: String, $role: RoleWord!) {\n    createUser(name: $name, password: $password, role: $role) {\n      id\n      name\n    }\n  }\n"): typeof import('./graphql').CreatePersonDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdatePerson($id: String!, $role: RoleWord, $disabled: Boolean) {\n    updateUser(id: $id, role: $role, disabled: $disabled) {\n      id\n    }\n  }\n"): typeof import('./graphql').UpdatePersonDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeletePerson($id: String!) {\n    deleteUser(id: $id)\n  }\n"): typeof import('./graphql').DeletePersonDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResetPassword($id: String!, $password: String!) {\n    resetPassword(id: $id, password: $password)\n  }\n"): typeof import('./graphql').ResetPasswordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetGrant($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {\n    setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) {\n      id\n    }\n  }\n"): typeof import('./graphql').SetGrantDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveGrant($user: String!, $thing: ThingWord!, $pattern: String!) {\n    removeGrant(user: $user, thing: $thing, pattern: $pattern) {\n      id\n    }\n  }\n"): typeof import('./graphql').RemoveGrantDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SessionList($all: Boolean) {\n    sessions(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        current\n        createdAt\n        seenAt\n        expiresAt\n        address\n        browser\n      }\n    }\n  }\n"): typeof import('./graphql').SessionListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EndSession($id: String!) {\n    endSession(id: $id)\n  }\n"): typeof import('./graphql').EndSessionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TokenList($all: Boolean) {\n    tokens(all: $all, first: 200) {\n      nodes {\n        id\n        userId\n        name\n        role\n        readOnly\n        createdAt\n        expiresAt\n        usedAt\n      }\n    }\n  }\n"): typeof import('./graphql').TokenListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateToken($input: TokenInput!) {\n    createToken(input: $input) {\n      text\n      token {\n        id\n        name\n      }\n    }\n  }\n"): typeof import('./graphql').CreateTokenDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeToken($id: String!) {\n    revokeToken(id: $id)\n  }\n"): typeof import('./graphql').RevokeTokenDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangePassword($old: String!, $new: String!) {\n    changePassword(oldPassword: $old, newPassword: $new)\n  }\n"): typeof import('./graphql').ChangePasswordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AuditLog($filter: AuditFilterInput, $after: String, $first: Int!) {\n    auditLog(filter: $filter, after: $after, first: $first) {\n      edges {\n        node {\n          number\n          at\n          who\n          way\n          address\n          operation\n          subject\n          outcome\n          given\n          before\n          after\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): typeof import('./graphql').AuditLogDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AuditVerdict {\n    auditVerdict {\n      whole\n      entries\n      checkpoints\n      faultCount\n      firstBroken {\n        entry\n        message\n      }\n      faults {\n        entry\n        message\n      }\n    }\n  }\n"): typeof import('./graphql').AuditVerdictDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment StoreRun on Run {\n    id\n    status\n    createdAt\n    error {\n      code\n      message\n      hint\n    }\n    steps {\n      id\n      outputs\n    }\n  }\n"): typeof import('./graphql').StoreRunFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query StoreList {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n    workflows(first: 200) {\n      nodes {\n        id\n        name\n        outline {\n          tags\n        }\n        runs(first: 1) {\n          nodes {\n            ...StoreRun\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').StoreListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query StoreDetail($workflow: String!) {\n    workflow(id: $workflow) {\n      id\n      outline {\n        schedules\n        nextRunAt\n      }\n      runs(first: 100) {\n        nodes {\n          ...StoreRun\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').StoreDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SaveInspection($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n"): typeof import('./graphql').SaveInspectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartInspection($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n"): typeof import('./graphql').StartInspectionDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment TableProblem on Problem {\n    code\n    message\n    hint\n    path\n    line\n    column\n  }\n"): typeof import('./graphql').TableProblemFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment TableChange on TableChangeView {\n    summary\n    sql\n    lock\n    rewrite\n    loss\n    note\n  }\n"): typeof import('./graphql').TableChangeFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PlanTables($document: String!) {\n    tablesPlan(document: $document) {\n      problems {\n        ...TableProblem\n      }\n      tables {\n        databaseType\n        connection\n        table\n        action\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        error {\n          ...TableProblem\n        }\n        fingerprint\n      }\n    }\n  }\n"): typeof import('./graphql').PlanTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ApplyTables($document: String!, $agreed: [TablePlanAgreement!]!, $allowDestructive: Boolean!) {\n    applyTables(document: $document, agreed: $agreed, allowDestructive: $allowDestructive) {\n      created\n      altered\n      unchanged\n      manual\n      failed\n      skipped\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        status\n        changes {\n          ...TableChange\n        }\n        manual\n        notes\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').ApplyTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ValidateTables($document: String!) {\n    validateTables(document: $document) {\n      differences\n      problems {\n        ...TableProblem\n      }\n      tables {\n        connection\n        table\n        verdict\n        differences\n        error {\n          ...TableProblem\n        }\n        columns {\n          column\n          verdict\n          wanted\n          live\n          differences\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').ValidateTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ImportTables($connection: String!) {\n    tablesImport(connection: $connection) {\n      document\n      tables\n      leftOut\n    }\n  }\n"): typeof import('./graphql').ImportTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TableLog($filter: TableLogWish!, $first: Int!) {\n    tableLogs(filter: $filter, first: $first) {\n      nodes {\n        id\n        at\n        who\n        connection\n        table\n        subject\n        status\n        ddl\n        parameters\n        durationMs\n        error {\n          ...TableProblem\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TableLogDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment TransferProgress on MigrationProgress {\n    runId\n    state\n    rows\n    rowsExpected\n    rejected\n    bytes\n    chunks\n    chunksDone\n    seconds\n    rowsPerSecond\n    secondsLeft\n    error\n    tables\n  }\n"): typeof import('./graphql').TransferProgressFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TransferList {\n    migrations(first: 200) {\n      nodes {\n        name\n        settings\n        progress {\n          ...TransferProgress\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TransferListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TransferDetail($name: String!) {\n    migration(name: $name) {\n      name\n      description\n      settings\n      progress {\n        ...TransferProgress\n      }\n    }\n    workflow(id: $name) {\n      id\n      runs(first: 20) {\n        nodes {\n          id\n          status\n          inputs\n          createdAt\n          startedAt\n          finishedAt\n          error {\n            code\n            message\n            hint\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TransferDetailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query TransferLook($input: MigrationInput!, $full: Boolean!) {\n    migrationLook(input: $input, full: $full, sample: 5) {\n      hasMore\n      leftOut {\n        kind\n        name\n        table\n        message\n      }\n      tables {\n        source\n        target\n        exists\n        rowEstimate\n        notes\n        statements\n        sample\n        columns {\n          target\n          targetType\n          source\n          sourceType\n        }\n        hazards {\n          column\n          kind\n          rows\n          message\n          isLoss\n          hint\n        }\n        error {\n          code\n          message\n          hint\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').TransferLookDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateTransfer($name: String!, $input: MigrationInput!, $replace: Boolean!) {\n    createMigration(name: $name, input: $input, replace: $replace) {\n      name\n    }\n  }\n"): typeof import('./graphql').CreateTransferDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartTransfer($name: String!) {\n    startMigration(name: $name) {\n      id\n    }\n  }\n"): typeof import('./graphql').StartTransferDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelTransfer($name: String!) {\n    cancelMigration(name: $name) {\n      name\n    }\n  }\n"): typeof import('./graphql').CancelTransferDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResumeTransfer($name: String!) {\n    resumeMigration(name: $name) {\n      name\n    }\n  }\n"): typeof import('./graphql').ResumeTransferDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ValidateTransfer($name: String!) {\n    validateMigration(name: $name) {\n      id\n    }\n  }\n"): typeof import('./graphql').ValidateTransferDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SaveDemo($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n      }\n      problems {\n        code\n        message\n        hint\n      }\n    }\n  }\n"): typeof import('./graphql').SaveDemoDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartDemo($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n"): typeof import('./graphql').StartDemoDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    outline {\n      description\n      tags\n      schedules\n      webhooks\n      nextRunAt\n    }\n    runs(first: 12) {\n      nodes {\n        id\n        status\n        createdAt\n        startedAt\n        finishedAt\n      }\n    }\n  }\n"): typeof import('./graphql').WorkflowRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WorkflowList {\n    workflows(first: 200) {\n      nodes {\n        ...WorkflowRow\n      }\n    }\n  }\n"): typeof import('./graphql').WorkflowListDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WorkflowText($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      version {\n        text\n      }\n    }\n  }\n"): typeof import('./graphql').WorkflowTextDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n"): typeof import('./graphql').EnableWorkflowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteWorkflow($id: String!) {\n    deleteWorkflow(id: $id)\n  }\n"): typeof import('./graphql').DeleteWorkflowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartRunNow($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n"): typeof import('./graphql').StartRunNowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ImportWorkflow($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n"): typeof import('./graphql').ImportWorkflowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CatalogConnections {\n    connections(first: 200) {\n      nodes {\n        name\n        system\n      }\n    }\n  }\n"): typeof import('./graphql').CatalogConnectionsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CatalogTables($name: String!) {\n    connection(name: $name) {\n      name\n      tables(first: 200) {\n        nodes\n      }\n    }\n  }\n"): typeof import('./graphql').CatalogTablesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CatalogTable($connection: String!, $table: String!) {\n    table(connection: $connection, name: $table) {\n      name\n      key\n      rowEstimate\n      columns {\n        name\n        nativeType\n        nullable\n        default\n      }\n    }\n  }\n"): typeof import('./graphql').CatalogTableDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription FollowRun($run: String!) {\n    runEvents(run: $run) {\n      runId\n      status\n      step\n      stepStatus\n      rowsIn\n      rowsOut\n      chunk\n      log {\n        at\n        step\n        level\n        message\n      }\n    }\n  }\n"): typeof import('./graphql').FollowRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadLog($id: String!, $after: String) {\n    run(id: $id) {\n      id\n      logs(after: $after, first: 200) {\n        nodes {\n          at\n          step\n          level\n          message\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): typeof import('./graphql').ReadLogDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
