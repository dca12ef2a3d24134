//! All step kinds, in one table.

use crate::alert::AlertStep;
use crate::artifact::ArtifactStep;
use crate::backup::Backup;
use crate::classify::Classify;
use crate::cleanup::Cleanup;
use crate::count::Count;
use crate::diff::Diff;
use crate::fetch::Fetch;
use crate::foreach::Foreach;
use crate::inspect::Inspect;
use crate::kind::StepKind;
use crate::migrate::Migrate;
use crate::plugin_step::PluginStep;
use crate::quality::Quality;
use crate::route::Route;
use crate::schema::SchemaStep;
use crate::script::Script;
use crate::sql::Sql;
use crate::tables::TablesStep;
use crate::transform::Transform;
use crate::validate::Validate;
use crate::write::Write;
use data::Files;
use engine::plan;
use model::Fault;
use model::document::Step;
use model::kind::KindInfo;
use std::sync::Arc;

/// The step kinds this server has.
pub struct Catalog {
    kinds: Vec<(KindInfo, Arc<dyn StepKind>)>,
    plugin: Arc<dyn StepKind>,
}

impl Catalog {
    /// Every kind of this crate; files and addresses are read through `files`.
    #[must_use]
    pub fn new(files: Arc<dyn Files>) -> Self {
        let kinds: Vec<Arc<dyn StepKind>> = vec![
            Arc::new(AlertStep),
            Arc::new(ArtifactStep),
            Arc::new(Backup),
            Arc::new(Classify),
            Arc::new(Cleanup),
            Arc::new(Count),
            Arc::new(Diff::new(files.clone())),
            Arc::new(Fetch::new(files)),
            Arc::new(Foreach),
            Arc::new(Inspect),
            Arc::new(Migrate),
            Arc::new(Quality),
            Arc::new(Route::default()),
            Arc::new(SchemaStep),
            Arc::new(Script),
            Arc::new(Sql),
            Arc::new(TablesStep),
            Arc::new(Transform),
            Arc::new(Validate),
            Arc::new(Write),
        ];
        Self::of(kinds)
    }

    /// A catalog of `kinds`, besides plugins.
    #[must_use]
    pub fn of(kinds: Vec<Arc<dyn StepKind>>) -> Self {
        let kinds = kinds.into_iter().map(|kind| (kind.info(), kind)).collect();
        Self { kinds, plugin: Arc::new(PluginStep) }
    }

    /// The same catalog with one more kind (those that other crates provide); it replaces one of the same name.
    #[must_use]
    pub fn with(mut self, kind: Arc<dyn StepKind>) -> Self {
        let info = kind.info();
        self.kinds.retain(|(known, _)| known.name != info.name);
        self.kinds.push((info, kind));
        self
    }

    /// The kind that `uses` names; every `plugin/…` is the one kind of plugins.
    #[must_use]
    pub fn find(&self, uses: &str) -> Option<&Arc<dyn StepKind>> {
        if uses.strip_prefix("plugin/").is_some_and(|name| !name.is_empty()) {
            return Some(&self.plugin);
        }
        self.kinds.iter().find(|(info, _)| info.name == uses).map(|(_, kind)| kind)
    }

    /// What is published of all kinds, by name.
    #[must_use]
    pub fn infos(&self) -> Vec<KindInfo> {
        let mut infos: Vec<KindInfo> = self.kinds.iter().map(|(info, _)| info.clone()).collect();
        infos.sort_by(|left, right| left.name.cmp(&right.name));
        infos
    }
}

impl plan::Catalog for Catalog {
    fn find_kind(&self, uses: &str) -> Option<KindInfo> {
        if let Some(name) = uses.strip_prefix("plugin/").filter(|name| !name.is_empty()) {
            return Some(KindInfo { name: format!("plugin/{name}"), ..self.plugin.info() });
        }
        self.kinds.iter().find(|(info, _)| info.name == uses).map(|(info, _)| info.clone())
    }

    fn kind_names(&self) -> Vec<String> {
        self.infos().into_iter().map(|info| info.name).collect()
    }

    fn check(&self, step: &Step) -> Vec<Fault> {
        self.find(&step.uses).map(|kind| kind.check(&step.with)).unwrap_or_default()
    }
}
