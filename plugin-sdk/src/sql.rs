//! SQL on granted connections (capability `sql`): queries, and transactions where the grant allows writing.

#[cfg(target_arch = "wasm32")]
use crate::Error;
use crate::{Batch, Host, Result, Schema};

/// Rows of an answer. Dropping it ends the query.
pub struct Rows {
    #[cfg(target_arch = "wasm32")]
    inner: crate::bindings::sluice::plugin::sql::Rows,
    #[cfg(not(target_arch = "wasm32"))]
    inner: crate::testing::FakeRows,
}

/// A transaction. Dropping it rolls back; after an error it is over.
pub struct Transaction {
    #[cfg(target_arch = "wasm32")]
    inner: crate::bindings::sluice::plugin::sql::Transaction,
    #[cfg(not(target_arch = "wasm32"))]
    inner: crate::testing::FakeTransaction,
}

impl Host {
    /// Runs a statement that only reads, on the connection granted under that name of the manifest.
    ///
    /// # Errors
    /// `denied` where it was not granted or the statement does more than read, `transient` where the system cannot be
    /// reached, `permanent` where it refuses the statement.
    pub fn query(&self, connection: &str, statement: &str) -> Result<Rows> {
        #[cfg(target_arch = "wasm32")]
        let inner = crate::bindings::sluice::plugin::sql::query(connection, statement)?;
        #[cfg(not(target_arch = "wasm32"))]
        let inner = self.fake.query(connection, statement)?;
        Ok(Rows { inner })
    }

    /// Begins a transaction on the connection granted for writing under that name of the manifest.
    ///
    /// # Errors
    /// `denied` where it was not granted for writing, `transient` where the system cannot be reached.
    pub fn begin(&self, connection: &str) -> Result<Transaction> {
        #[cfg(target_arch = "wasm32")]
        let inner = crate::bindings::sluice::plugin::sql::begin(connection)?;
        #[cfg(not(target_arch = "wasm32"))]
        let inner = self.fake.begin(connection)?;
        Ok(Transaction { inner })
    }
}

impl Rows {
    /// Names and types of the columns.
    #[must_use]
    pub fn columns(&self) -> Schema {
        self.inner.columns()
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// When the system fails or the answer exceeds the host's limits.
    pub fn next_batch(&mut self) -> Result<Option<Batch>> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.next().map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.next()
    }

    /// The columns and the first batch that holds rows, for an answer of a few; `None` where there are none.
    ///
    /// # Errors
    /// As for [`Rows::next_batch`].
    pub fn first(mut self) -> Result<(Schema, Option<Batch>)> {
        let columns = self.columns();
        while let Some(batch) = self.next_batch()? {
            if batch.rows > 0 {
                return Ok((columns, Some(batch)));
            }
        }
        Ok((columns, None))
    }
}

impl Transaction {
    /// Runs a statement without placeholders and tells how many rows it changed.
    ///
    /// # Errors
    /// `denied` for a statement that would leave the transaction, else what the system says.
    pub fn execute(&mut self, statement: &str) -> Result<u64> {
        self.execute_with(statement, &Schema::new(Vec::new()), &Batch { rows: 0, columns: Vec::new() })
    }

    /// Runs a statement once for each row of `parameters`, whose column n is placeholder n, and tells how many rows it
    /// changed in all.
    ///
    /// # Errors
    /// As for [`Transaction::execute`].
    pub fn execute_with(&mut self, statement: &str, columns: &Schema, parameters: &Batch) -> Result<u64> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.execute(statement, columns, parameters).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.execute(statement, columns, parameters)
    }

    /// Adds rows to a table that is there, by the system's fastest way.
    ///
    /// # Errors
    /// `data` for a value that the table cannot hold, else what the system says.
    pub fn write(&mut self, table: &str, columns: &Schema, rows: &Batch) -> Result<u64> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.write(table, columns, rows).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.write(table, columns, rows)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When the system fails.
    pub fn commit(self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.commit().map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.commit()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::FakeHost;
    use crate::{Batch, ColumnBuilder, DataType, ErrorKind, Field, Schema};

    #[test]
    fn a_fake_answers_queries_in_order_and_remembers_what_was_committed() {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64)]);
        let mut column = ColumnBuilder::new(DataType::Int64);
        column.push_i64(7);
        let rows = Batch::from_builders(vec![column]);
        let host = FakeHost::default().rows(schema.clone(), vec![rows.clone()]).host();
        let mut answer = host.query("store", "SELECT 7 AS n").expect("laid out");
        assert_eq!(answer.columns().fields[0].name, "n");
        assert_eq!(answer.next_batch().expect("it comes"), Some(rows.clone()));
        assert_eq!(answer.next_batch().expect("it ends"), None);
        assert_eq!(host.query("store", "SELECT 8").err().expect("none is left").kind, ErrorKind::Permanent);

        let mut kept = host.begin("store").expect("the fake lets it");
        kept.execute("DELETE FROM t").expect("the fake lets it");
        assert_eq!(kept.write("t", &schema, &rows).expect("the fake lets it"), 1);
        kept.commit().expect("the fake lets it");
        drop(host.begin("store"));
        let statements = host.fake().statements();
        let expected = [
            "store: SELECT 7 AS n",
            "store: SELECT 8",
            "store: BEGIN",
            "store: DELETE FROM t",
            "store: WRITE t 1",
            "store: COMMIT",
            "store: BEGIN",
            "store: ROLLBACK",
        ];
        assert_eq!(statements, expected);
    }
}
