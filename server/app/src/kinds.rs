//! The step kinds of this server: those of `steps`, and one for each installed plugin with its own settings.

use engine::plan;
use model::Fault;
use model::document::Step;
use model::kind::KindInfo;
use plugin_host::{Host, PluginInfo};
use std::sync::Arc;
use steps::Catalog;

/// All step kinds.
pub(crate) struct Kinds {
    catalog: Arc<Catalog>,
    plugins: Option<Arc<Host>>,
}

impl Kinds {
    pub(crate) fn new(catalog: Arc<Catalog>, plugins: Option<Arc<Host>>) -> Self {
        Self { catalog, plugins }
    }

    /// The kinds without plugins, as the runner opens them.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.catalog.clone()
    }

    fn installed(&self) -> Vec<PluginInfo> {
        // A folder that cannot be read makes the plugins' kinds unknown, which the checker then says.
        self.plugins.as_ref().and_then(|host| host.list().ok()).unwrap_or_default()
    }
}

impl plan::Catalog for Kinds {
    fn find_kind(&self, uses: &str) -> Option<KindInfo> {
        match uses.strip_prefix("plugin/") {
            Some(name) => self.plugins.as_ref()?.find(name).ok().flatten()?.kind_info(),
            None => self.catalog.find_kind(uses),
        }
    }

    fn kind_names(&self) -> Vec<String> {
        let mut names = self.catalog.kind_names();
        names.extend(self.installed().iter().filter_map(PluginInfo::kind_info).map(|info| info.name));
        names
    }

    fn check(&self, step: &Step) -> Vec<Fault> {
        self.catalog.check(step)
    }
}
