/** The public API: what a target's file imports from 'thresh'. */

export type { CollectOptions } from './target/collect.js';
export { collect } from './target/collect.js';
export type {
  AnswerSource,
  DataSource,
  EmbeddedSource,
  JsonData,
  PageData,
} from './target/data-source.js';
export type {
  BlockSpec,
  BrowserSpec,
  Discover,
  Extract,
  ExtractContext,
  ExtractRequest,
  FieldSpec,
  FieldsSpec,
  FollowOptions,
  Json,
  PageRequest,
  PageTest,
  SessionSpec,
  SitemapOptions,
  TargetDefinition,
  TargetLog,
} from './target/definition.js';
export { defineTarget, sitemap } from './target/definition.js';
