//! Keys into a file by DUMP, and back by RESTORE, with the moment at which each vanishes.
//!
//! Each key is consistent in itself; keys that are written meanwhile are as they were when their turn came. The file is a
//! line that says what it is, then for each key its name, its moment in milliseconds since 1970 (0: never) and
//! its dump, each with its length before it, and an end that says how many there were.

use super::scan::{Keys, Scan};
use super::{Config, Redis, error};
use crate::backup as shared;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

/// The file's name within the folder.
const FILE: &str = "keys.dump";
/// How the backup is made.
const METHOD: &str = "connector";
/// The file's first line.
const HEAD: &[u8; 16] = b"sluice redis 01\n";
/// Bytes of values asked for at a time, about.
const PIECE: u64 = 16 << 20;
/// Keys asked for at a time.
const CHUNK: usize = 256;
/// A length beyond this is no length; Redis keeps values of 512 MiB at most, and a dump of a collection is one value.
const MOST: u64 = 1 << 40;

/// Writes keys into the folder.
pub(super) async fn backup(redis: &Redis, request: &BackupRequest) -> Result<BackupReport> {
    shared::begin(&request.folder)?;
    let path = request.folder.join(FILE);
    let broken = |error: std::io::Error| shared::disk_failed(&path, &error);
    let mut connection = redis.connect().await?;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&path).await.map_err(broken)?);
    file.write_all(HEAD).await.map_err(broken)?;
    let everything = ["*".to_owned()];
    let patterns = if request.tables.is_empty() { &everything[..] } else { &request.tables };
    let mut counted = Vec::new();
    let mut total = 0_u64;
    for pattern in patterns {
        let mut scan = Scan::new(&Keys::read(pattern)?, None);
        let mut count = 0;
        loop {
            let keys = scan.next(&mut connection, &redis.config, CHUNK).await?;
            if keys.is_empty() {
                break;
            }
            for piece in pieces(&mut connection, &redis.config, keys).await? {
                let records = dump(&mut connection, &redis.config, &piece).await?;
                for (key, expires, value) in records {
                    for part in [key.as_bytes(), &expires.to_le_bytes(), &value] {
                        file.write_all(&(part.len() as u64).to_le_bytes()).await.map_err(broken)?;
                        file.write_all(part).await.map_err(broken)?;
                    }
                    count += 1;
                }
            }
        }
        counted.push((pattern.clone(), Some(count)));
        total += count;
    }
    // No key has such a length, so that a file that was cut short is noticed.
    file.write_all(&u64::MAX.to_le_bytes()).await.map_err(broken)?;
    file.write_all(&total.to_le_bytes()).await.map_err(broken)?;
    file.flush().await.map_err(broken)?;
    drop(file);
    shared::finish(&request.folder, System::Redis, METHOD, counted).await
}

/// The keys in pieces whose values are not too large together.
async fn pieces(
    connection: &mut MultiplexedConnection,
    config: &Config,
    keys: Vec<String>,
) -> Result<Vec<Vec<String>>> {
    let mut pipe = redis::pipe();
    for key in &keys {
        pipe.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(5);
    }
    let sizes: Vec<Option<u64>> = pipe.query_async(connection).await.map_err(|e| error::mapped(config, &e))?;
    let mut pieces: Vec<Vec<String>> = vec![Vec::new()];
    let mut bytes = 0;
    for (key, size) in keys.into_iter().zip(sizes) {
        let size = size.unwrap_or(0);
        if bytes + size > PIECE && bytes > 0 {
            pieces.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        pieces.last_mut().expect("there is always a last piece").push(key);
    }
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}

/// Dumps of the keys that are still there, with the moment at which each vanishes.
async fn dump(
    connection: &mut MultiplexedConnection,
    config: &Config,
    keys: &[String],
) -> Result<Vec<(String, u64, Vec<u8>)>> {
    let mapped = |e| error::mapped(config, &e);
    let mut pipe = redis::pipe();
    // The server's clock and value are asked for at once, so that nothing comes between them.
    pipe.atomic();
    pipe.cmd("TIME");
    for key in keys {
        pipe.cmd("PTTL").arg(key);
        pipe.cmd("DUMP").arg(key);
    }
    let told: Vec<redis::Value> = pipe.query_async(connection).await.map_err(mapped)?;
    let mut told = told.into_iter();
    let clock = told.next().and_then(|time| redis::from_redis_value::<(u64, u64)>(time).ok()).unwrap_or((0, 0));
    let now = clock.0 * 1_000 + clock.1 / 1_000;
    let mut records = Vec::with_capacity(keys.len());
    for key in keys {
        let left = told.next().and_then(|left| redis::from_redis_value::<i64>(left).ok()).unwrap_or(-2);
        let value = told.next().and_then(|value| redis::from_redis_value::<Option<Vec<u8>>>(value).ok()).flatten();
        if let Some(value) = value {
            let expires = u64::try_from(left).map_or(0, |left| now + left.max(1));
            records.push((key.clone(), expires, value));
        }
    }
    Ok(records)
}

/// Brings the keys back.
pub(super) async fn restore(redis: &Redis, request: &RestoreRequest) -> Result<()> {
    shared::open(request, System::Redis).await?;
    let path = request.folder.join(FILE);
    let mut connection = redis.connect().await?;
    if !request.replace {
        // Nothing is written before it is known that nothing is in the way.
        let mut file = Records::open(&path).await?;
        while let Some(piece) = file.piece().await? {
            let mut pipe = redis::pipe();
            for (key, ..) in &piece {
                pipe.cmd("EXISTS").arg(key);
            }
            let there: Vec<u64> =
                pipe.query_async(&mut connection).await.map_err(|e| error::mapped(&redis.config, &e))?;
            if let Some(((key, ..), _)) = piece.iter().zip(there).find(|(_, there)| *there > 0) {
                let message = format!("key `{}` is there already", String::from_utf8_lossy(key));
                return Err(Error::permanent(ErrorCode::AlreadyExists, message)
                    .hint("Restore into an empty database, or let it replace what is there (`--replace`)."));
            }
        }
    }
    let mut file = Records::open(&path).await?;
    while let Some(piece) = file.piece().await? {
        let mut pipe = redis::pipe();
        for (key, expires, value) in &piece {
            let command = pipe.cmd("RESTORE").arg(key).arg(*expires).arg(value);
            if *expires > 0 {
                command.arg("ABSTTL");
            }
            if request.replace {
                command.arg("REPLACE");
            }
            command.ignore();
        }
        pipe.query_async::<()>(&mut connection).await.map_err(|e| {
            let told = error::mapped(&redis.config, &e);
            match e.to_string().contains("DUMP payload version") {
                true => {
                    told.hint("The server is older than the one that was backed up; restore into one at least as new.")
                }
                false => told,
            }
        })?;
    }
    Ok(())
}

type Record = (Vec<u8>, u64, Vec<u8>);

/// The file, read in pieces.
struct Records {
    file: BufReader<File>,
    path: std::path::PathBuf,
    count: u64,
    ended: bool,
}

impl Records {
    async fn open(path: &Path) -> Result<Self> {
        let missing = |error: std::io::Error| {
            Error::permanent(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", path.display()))
        };
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).await.map_err(missing)?);
        let mut head = [0; HEAD.len()];
        let read = file.read_exact(&mut head).await;
        if read.is_err() || head != *HEAD {
            let message = format!("`{}` is no backup of Redis that is understood here", path.display());
            return Err(Error::permanent(ErrorCode::InvalidValue, message));
        }
        Ok(Self { file, path: path.to_owned(), count: 0, ended: false })
    }

    fn cut(&self) -> Error {
        let message = format!("`{}` is damaged after {} keys", self.path.display(), self.count);
        Error::permanent(ErrorCode::InvalidValue, message).hint("Restore another backup.")
    }

    async fn number(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes).await.map_err(|_| self.cut())?;
        Ok(u64::from_le_bytes(bytes))
    }

    async fn bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        if length > MOST {
            return Err(self.cut());
        }
        // Grows as bytes come, whatever length the file claims.
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(length).read_to_end(&mut bytes).await;
        match read {
            Ok(read) if read as u64 == length => Ok(bytes),
            _ => Err(self.cut()),
        }
    }

    /// The next records; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Vec<Record>>> {
        let mut piece = Vec::new();
        let mut bytes = 0;
        while !self.ended && piece.len() < CHUNK && bytes < PIECE {
            let length = self.number().await?;
            if length == u64::MAX {
                if self.number().await? != self.count {
                    return Err(self.cut());
                }
                self.ended = true;
                break;
            }
            let key = self.bytes(length).await?;
            if self.number().await? != 8 {
                return Err(self.cut());
            }
            let expires = self.number().await?;
            let length = self.number().await?;
            let value = self.bytes(length).await?;
            bytes += (key.len() + value.len()) as u64;
            piece.push((key, expires, value));
            self.count += 1;
        }
        Ok((!piece.is_empty()).then_some(piece))
    }
}
