//! What the Lambda function does with an event.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lambda_runtime::Diagnostic;
use rebound_contacts::repository::{ReadError, Repository};
use rebound_lambda::metrics::{Counts, Metric};
use rebound_lambda::{Answer, Call};
use rebound_report::Period;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use crate::edition::Edition;
use crate::place::{LATEST, folder};
use crate::request::{Days, InvalidRequest, ReportRequest};
use crate::suppressions::Suppressions;
use crate::upload::{Bucket, PutError};

/// So long before the function is ended nothing is read any more: enough to write everything, with a try or two more.
const RESERVE: Duration = Duration::from_secs(30);

/// So long before the end writing is given up as well: enough to have S3 forget what was begun.
const LAST: Duration = Duration::from_secs(5);

/// Objects that are written at a time.
const AT_ONCE: usize = 8;

/// The reporter function. Cheap to clone.
#[derive(Clone)]
pub struct Function {
    contacts: Repository,
    bucket: Bucket,
    days: Days,
}

/// A report that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The first day that it is about.
    pub since: Date,
    /// The last.
    pub until: Date,
    /// The bucket.
    pub bucket: String,
    /// The keys of all objects that were written, sorted.
    pub objects: Vec<String>,
    /// How many events it counts.
    pub events: u64,
    /// How many contacts are on the list of the suppressed, where there is one: a report about everything has it.
    pub suppressed: Option<u64>,
}

/// Why no report was written, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nobody knows what the event asks for.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// What it is made of could not be read. Nothing was written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something could not be written. What was written is whole, and will be written over.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The function was about to be ended.
    #[error(
        "there was no time left to {what} the report of {since} to {until}: give the function more (ReporterTimeout, \
         ReporterMemory), or a report fewer days (ReportDays)"
    )]
    OutOfTime {
        /// `make` or `write`. When it could not be made, nothing was written.
        what: &'static str,
        /// Its first day.
        since: Date,
        /// Its last day.
        until: Date,
    },
}

/// Lambda shows the kind, and puts both into the record of an asynchronous call that failed for good.
impl From<ReportError> for Diagnostic {
    fn from(error: ReportError) -> Self {
        let error_type = match &error {
            ReportError::Invalid(_) => "InvalidRequest",
            ReportError::Read(_) => "NotRead",
            ReportError::Put(_) => "NotWritten",
            ReportError::OutOfTime { .. } => "OutOfTime",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl Function {
    /// A function that makes reports of what `contacts` holds, about so many days, and writes them to `bucket`, as `client`
    /// reaches it.
    pub fn new(contacts: Repository, client: aws_sdk_s3::Client, bucket: &str, days: Days) -> Self {
        Self {
            contacts,
            bucket: Bucket::new(client, bucket),
            days,
        }
    }

    /// Makes the report that the event asks for, and writes it below `reports/`.
    ///
    /// Everything is made before anything is written, and every object is written at once: whoever reads one never finds
    /// half of it.
    pub async fn answer(&self, event: Value, call: &Call) -> Result<Answer<Written>, ReportError> {
        let request = ReportRequest::parse(&event, call.began_at, self.days)?;
        let until = request.selection.period.until;
        let mut places = vec![folder(&request.selection, until)];
        if request.is_latest {
            places.push(LATEST.to_owned());
        }
        // Contacts belong to no list, account or campaign: the suppressed are listed with the report about everything.
        let is_all = request.selection.is_all();
        let mut suppressions = is_all.then(|| Suppressions::new(&self.bucket, &places));
        let written = match self.write(&request, &places, suppressions.as_mut(), call).await {
            Ok(written) => written,
            Err(error) => {
                if let Some(list) = &mut suppressions {
                    // The error is what matters: when S3 does not answer, the bucket's lifecycle does it later.
                    let _ = timeout(LAST / 2, list.abort()).await;
                }
                return Err(error);
            }
        };
        written.log();
        Ok(Answer {
            counts: written.counts(),
            value: written,
        })
    }

    async fn write(
        &self,
        request: &ReportRequest,
        places: &[String],
        mut suppressions: Option<&mut Suppressions>,
        call: &Call,
    ) -> Result<Written, ReportError> {
        let Period { since, until } = request.selection.period;
        let late = |what| ReportError::OutOfTime { what, since, until };
        let end = call.time().map(|time| (Instant::now() + time, time));
        let make_by = end.map(|(end, time)| end - RESERVE.min(time / 2));
        let write_by = end.map(|(end, time)| end - LAST.min(time / 8));

        let today = call.began_at.to_zoned(TimeZone::UTC).date();
        let making = Edition::read(&self.contacts, &request.selection, today, suppressions.as_deref_mut());
        let edition = within(make_by, Box::pin(making)).await.ok_or_else(|| late("make"))??;

        let objects = edition.objects(places);
        let mut keys: Vec<_> = objects.iter().map(|object| object.key.clone()).collect();
        keys.extend(suppressions.iter().flat_map(|list| list.keys()).cloned());
        keys.sort_unstable();
        let written = Written {
            since,
            until,
            bucket: self.bucket.name().to_owned(),
            objects: keys,
            events: edition.report.seen.events,
            suppressed: suppressions.as_ref().map(|list| list.count()),
        };
        let writing = async {
            let put = objects
                .into_iter()
                .map(|object| async move { self.bucket.put(&object.key, object.content, object.bytes).await });
            stream::iter(put).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            match suppressions {
                Some(list) => list.finish().await,
                None => Ok(()),
            }
        };
        within(write_by, Box::pin(writing))
            .await
            .ok_or_else(|| late("write"))??;
        Ok(written)
    }
}

impl Written {
    /// One line a report.
    fn log(&self) {
        tracing::info!(
            since = %self.since,
            until = %self.until,
            objects = self.objects.len(),
            events = self.events,
            suppressed = self.suppressed,
            "report written"
        );
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        counts.add(Metric::Reports, 1);
        counts.add(Metric::EventsReported, self.events);
        counts.add(Metric::SuppressionsListed, self.suppressed.unwrap_or_default());
        counts
    }
}

/// What comes of some work, unless the time for it is over first.
async fn within<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match until {
        None => Some(work.await),
        Some(until) if until <= Instant::now() => None,
        Some(until) => timeout_at(until, work).await.ok(),
    }
}
