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
    "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      id\n      name\n    }\n  }\n": typeof types.PaletteWorkflowsDocument,
    "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    runs(first: 12) {\n      id\n      status\n      createdAt\n      startedAt\n      finishedAt\n    }\n  }\n": typeof types.WorkflowRowFragmentDoc,
    "\n  query WorkflowList {\n    workflows(first: 200) {\n      ...WorkflowRow\n    }\n  }\n": typeof types.WorkflowListDocument,
    "\n  query WorkflowText($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      version {\n        text\n      }\n    }\n  }\n": typeof types.WorkflowTextDocument,
    "\n  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": typeof types.EnableWorkflowDocument,
    "\n  mutation DeleteWorkflow($id: String!) {\n    deleteWorkflow(id: $id)\n  }\n": typeof types.DeleteWorkflowDocument,
    "\n  mutation StartRunNow($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": typeof types.StartRunNowDocument,
    "\n  mutation ImportWorkflow($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": typeof types.ImportWorkflowDocument,
};
const documents: Documents = {
    "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      id\n      name\n    }\n  }\n": types.PaletteWorkflowsDocument,
    "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    runs(first: 12) {\n      id\n      status\n      createdAt\n      startedAt\n      finishedAt\n    }\n  }\n": types.WorkflowRowFragmentDoc,
    "\n  query WorkflowList {\n    workflows(first: 200) {\n      ...WorkflowRow\n    }\n  }\n": types.WorkflowListDocument,
    "\n  query WorkflowText($id: String!) {\n    workflow(id: $id) {\n      id\n      name\n      version {\n        text\n      }\n    }\n  }\n": types.WorkflowTextDocument,
    "\n  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {\n    setWorkflowEnabled(id: $id, enabled: $enabled) {\n      id\n      enabled\n    }\n  }\n": types.EnableWorkflowDocument,
    "\n  mutation DeleteWorkflow($id: String!) {\n    deleteWorkflow(id: $id)\n  }\n": types.DeleteWorkflowDocument,
    "\n  mutation StartRunNow($workflow: String!) {\n    startRun(workflow: $workflow) {\n      id\n    }\n  }\n": types.StartRunNowDocument,
    "\n  mutation ImportWorkflow($text: String!) {\n    saveWorkflow(text: $text) {\n      workflow {\n        id\n        name\n        versionNumber\n      }\n      problems {\n        code\n        message\n        hint\n        line\n        column\n      }\n    }\n  }\n": types.ImportWorkflowDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PaletteWorkflows {\n    workflows(first: 200) {\n      id\n      name\n    }\n  }\n"): typeof import('./graphql').PaletteWorkflowsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment WorkflowRow on Workflow {\n    id\n    name\n    enabled\n    versionNumber\n    updatedAt\n    runs(first: 12) {\n      id\n      status\n      createdAt\n      startedAt\n      finishedAt\n    }\n  }\n"): typeof import('./graphql').WorkflowRowFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WorkflowList {\n    workflows(first: 200) {\n      ...WorkflowRow\n    }\n  }\n"): typeof import('./graphql').WorkflowListDocument;
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


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
