//! The list of the suppressed on its way into the bucket.

use rebound_contacts::ContactBrief;
use rebound_report::SuppressionList;

use crate::upload::{Bucket, Content, PutError, Upload};

/// How much of the list is in memory before it is sent. S3 takes 10,000 pieces, which is room for hundreds of millions.
const PIECE: usize = 8 * 1024 * 1024;

const _: () = assert!(PIECE >= Upload::LEAST_PART, "S3 refuses smaller pieces");

/// The list, and the objects that it becomes.
pub(crate) struct Suppressions {
    list: SuppressionList,
    upload: Upload,
}

impl Suppressions {
    /// An empty list, to be in each of these places.
    pub(crate) fn new(bucket: &Bucket, places: &[String]) -> Self {
        let keys = places.iter().map(|place| format!("{place}suppressions.csv"));
        Self {
            list: SuppressionList::new(),
            upload: Upload::new(bucket.clone(), Content::Csv, keys.collect()),
        }
    }

    /// The keys that it will be found under.
    pub(crate) fn keys(&self) -> &[String] {
        self.upload.keys()
    }

    /// Puts a contact on the list, if it is suppressed.
    pub(crate) async fn add(&mut self, contact: &ContactBrief) -> Result<(), PutError> {
        self.list.add(contact);
        match self.list.take_piece(PIECE) {
            Some(piece) => self.upload.send(piece.into()).await,
            None => Ok(()),
        }
    }

    /// How many are on it.
    pub(crate) fn count(&self) -> u64 {
        self.list.count()
    }

    /// Makes it visible.
    pub(crate) async fn finish(&mut self) -> Result<(), PutError> {
        let last = std::mem::take(&mut self.list).finish();
        self.upload.finish(last.into()).await
    }

    /// Gives it up.
    pub(crate) async fn abort(&mut self) {
        self.upload.abort().await;
    }
}

#[cfg(test)]
mod tests {
    use rebound_classify::Category;
    use rebound_contacts::{Cause, MessageHash, Moment, Suppression};
    use rebound_local::LocalStack;
    use rebound_test_meddler::{self as meddler, Fate};

    use super::*;

    /// As many as fill two pieces and a bit.
    fn contacts() -> impl Iterator<Item = ContactBrief> {
        let suppression = Suppression {
            cause: Cause::Mail(Category::HardBounce),
            at: Moment::from_millis(1_795_000_000_000),
            by: MessageHash::of(b"a report"),
        };
        (0..18_000).map(move |nth| ContactBrief {
            address: format!("person{nth}@example.com").parse().unwrap(),
            suppression: Some(suppression),
            held: None,
            soft_streak: 0,
            last_reason: None,
            last_diagnostic: Some("550 no such user ".repeat(55)),
        })
    }

    fn places() -> Vec<String> {
        vec!["reports/2026-11-20/".to_owned(), "reports/latest/".to_owned()]
    }

    async fn found(stack: &LocalStack, place: &str) -> Vec<u8> {
        let get = stack.s3().get_object().bucket(stack.bucket());
        let got = get.key(format!("{place}suppressions.csv")).send().await.unwrap();
        got.body.collect().await.unwrap().to_vec()
    }

    /// What S3 has of objects that are not there yet.
    async fn begun(stack: &LocalStack) -> usize {
        let uploads = stack.s3().list_multipart_uploads().bucket(stack.bucket());
        uploads.send().await.unwrap().uploads().len()
    }

    #[tokio::test]
    async fn a_long_list_is_sent_in_pieces_and_seen_when_it_is_whole() {
        let stack = LocalStack::temporary().await.unwrap();
        let bucket = Bucket::new(stack.s3(), stack.bucket());
        Suppressions::new(&bucket, &places()).finish().await.unwrap();
        let before = found(&stack, "reports/latest/").await;

        let mut list = Suppressions::new(&bucket, &places());
        let mut expected = SuppressionList::new();
        for contact in contacts() {
            list.add(&contact).await.unwrap();
            expected.add(&contact);
        }
        assert_eq!(begun(&stack).await, 2, "the list does not wait in memory");
        assert_eq!(found(&stack, "reports/latest/").await, before);
        list.finish().await.unwrap();
        let expected = expected.finish();
        assert!(expected.len() > 2 * PIECE);
        for place in places() {
            assert!(found(&stack, &place).await == expected, "{place}");
        }
        assert_eq!(begun(&stack).await, 0);
    }

    #[tokio::test]
    async fn of_a_list_that_is_given_up_nothing_is_left() {
        let stack = LocalStack::temporary().await.unwrap();
        let refusing = meddler::s3(&stack.s3(), |_, request| {
            if request.contains("partNumber=2") {
                Fate::Refused
            } else {
                Fate::Passes
            }
        });
        let bucket = Bucket::new(refusing, stack.bucket());
        let mut list = Suppressions::new(&bucket, &places());
        list.finish().await.unwrap();
        let before = found(&stack, "reports/latest/").await;

        let mut list = Suppressions::new(&bucket, &places());
        let mut failed = None;
        for contact in contacts() {
            if let Err(error) = list.add(&contact).await {
                failed = Some(error);
                break;
            }
        }
        let failed = failed.unwrap().to_string();
        assert!(failed.contains("suppressions.csv could not be written"), "{failed}");
        assert_eq!(begun(&stack).await, 2);
        list.abort().await;
        assert_eq!(begun(&stack).await, 0);
        assert_eq!(found(&stack, "reports/latest/").await, before);
    }
}
