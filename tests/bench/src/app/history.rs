//! The data folder that the application is started with.

use std::path::Path;

use anyhow::Result;
use backscroll_model::StateFilter;
use cpu_time::ProcessTime;

use crate::{
    corpus::{Size, newest_of_thread},
    subject::{Subject, list_page},
};

/// Fills `data` and answers what the database costs at a start, in CPU seconds: opening it and reading the first page
/// of the list and the counters.
pub fn build(data: &Path, size: Size) -> Result<f64> {
    let subject = Subject::filled(data, size)?;
    // The first row of the list is then the thread that is to be opened.
    subject.ingest(&newest_of_thread())?;
    drop(subject);
    let start = ProcessTime::try_now()?;
    let subject = Subject::open(data)?;
    subject.read(|db| {
        list_page(db, Some(StateFilter::Open), None)?;
        backscroll_store::counts(db)?;
        Ok(())
    })?;
    Ok(start.try_elapsed()?.as_secs_f64())
}
