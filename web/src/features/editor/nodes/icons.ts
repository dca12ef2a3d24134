/** The icon of each step kind; a plugin, or a kind this page does not know, gets a puzzle piece. */
import {
  ArrowRightLeft,
  Bell,
  Braces,
  Database,
  DatabaseBackup,
  Download,
  FileText,
  Filter,
  Gauge,
  GitCompare,
  Hash,
  Puzzle,
  Repeat,
  ShieldCheck,
  Sparkles,
  Split,
  Stethoscope,
  Table2,
  TableProperties,
  Tags,
  Trash2,
  Upload,
  type LucideIcon,
} from "lucide-react";

const ICONS: Record<string, LucideIcon> = {
  alert: Bell,
  artifact: FileText,
  backup: DatabaseBackup,
  classify: Tags,
  cleanup: Trash2,
  count: Hash,
  diff: GitCompare,
  fetch: Download,
  foreach: Repeat,
  inspect: Stethoscope,
  migrate: ArrowRightLeft,
  quality: Gauge,
  route: Split,
  schema: TableProperties,
  script: Braces,
  sql: Database,
  tables: Table2,
  transform: Sparkles,
  validate: ShieldCheck,
  write: Upload,
  filter: Filter,
};

export function iconOf(uses: string): LucideIcon {
  return ICONS[uses] ?? Puzzle;
}

/** Kinds that belong together stand together. */
export const KIND_GROUPS: readonly { label: readonly [string, string]; kinds: readonly string[] }[] = [
  { label: ["Bring in", "读取"], kinds: ["fetch"] },
  { label: ["Rows", "数据处理"], kinds: ["classify", "validate", "transform", "route", "write", "artifact", "quality"] },
  { label: ["Tables", "表"], kinds: ["migrate", "diff", "count", "schema", "tables", "sql"] },
  { label: ["Care", "运维"], kinds: ["inspect", "backup", "cleanup"] },
  { label: ["Control", "控制"], kinds: ["alert", "script", "foreach"] },
];
