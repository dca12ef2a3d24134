//! A database of one's own, for what concerns a whole database.

use crate::suite::world::{World, open};
use data::Connector;
use std::sync::Arc;

/// A database beside the one of the tests.
pub(super) struct Database {
    world: World,
    pub(super) name: String,
    pub(super) connector: Arc<dyn Connector>,
}

impl Database {
    pub(super) async fn create(case: &str) -> Option<Self> {
        let world = World::postgres(case).await?;
        let name = format!("sluice_{}_{}", std::process::id(), case.chars().take(30).collect::<String>());
        outside(&world, &format!("CREATE DATABASE {name}")).await;
        let connector = open(&world.url, &[("database", &name)]);
        Some(Self { world, name, connector })
    }

    pub(super) async fn end(self) {
        drop(self.connector);
        outside(&self.world, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        self.world.end().await;
    }
}

/// Runs what no transaction may hold.
async fn outside(world: &World, sql: &str) {
    let settings = crate::Settings::parse(&world.url).unwrap();
    let config = super::super::Config::parse(&settings.values).unwrap();
    let postgres =
        super::super::Postgres::new(config, settings.secret.as_deref(), &crate::Gate::with_private()).unwrap();
    let client = postgres.pool.get().await.unwrap();
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    client.close();
}
