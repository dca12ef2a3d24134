//! Two tables of one database: how two connections find out that they speak to the same one, and which rows of one table
//! have no equal in the other.
//!
//! That two addresses lead to one server is proven, never guessed: one connection leaves a mark, the other looks for it.

/// Where a table is, told by one connection for another. The mark stays until this is dropped.
pub struct Site {
    /// The table as every session of its database may call it.
    pub table: String,
    /// What only sessions of the same database see.
    pub mark: String,
    /// Who looks at it: another user may be shown other rows.
    pub user: String,
    /// Where this user's names without a schema are looked for.
    pub schema: String,
    /// Keeps the mark.
    pub held: Box<dyn Send + Sync>,
}

/// Two tables of one database whose rows are to be matched.
#[derive(Debug, Clone)]
pub struct TwinRequest {
    /// The table whose rows are asked for.
    pub table: String,
    /// A condition on its rows, in the system's own SQL.
    pub filter: Option<String>,
    /// The other, as [`Site::table`] calls it.
    pub other: String,
    /// A condition on the other's rows, in the system's own SQL.
    pub other_filter: Option<String>,
    /// The columns of the key, each with the other's.
    pub key: Vec<(String, String)>,
    /// All further columns, each with the other's.
    pub columns: Vec<(String, String)>,
}

/// A database as it was at one moment, for reads that name it, as long as this is held.
pub struct Snapshot {
    /// What [`crate::connector::ReadOptions::snapshot`] names.
    pub name: String,
    /// Keeps it.
    pub held: Box<dyn Send + Sync>,
}
