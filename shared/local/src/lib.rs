//! Amazon S3, DynamoDB and Secrets Manager on this machine, behind the AWS SDK's own clients.
//!
//! [`LocalStack`] keeps everything below one folder and hands out ordinary `aws_sdk_s3`, `aws_sdk_dynamodb`
//! and `aws_sdk_secretsmanager` clients, so code written for the cloud runs here unchanged. The clients' HTTP requests
//! are answered inside the process. An [`Endpoint`] answers those of other processes too, and SQS's with them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let stack = rebound_local::LocalStack::open(".rebound".as_ref()).await?;
//! stack.s3().put_object().bucket(stack.bucket()).key("raw/a/00/hello.eml").body(b"hi".to_vec().into()).send().await?;
//! for message in stack.notifications().receive(10, std::time::Duration::from_secs(60)).await? {
//!     println!("{}", message.body); // the S3 event, as a queue would deliver it
//! }
//! stack.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What durable means here
//!
//! A write that was answered with success survives a crash of the process and, as far as the disk keeps its word, of
//! the machine: it is in SQLite's write-ahead log and flushed (`synchronous = FULL`) before the answer. Writes that
//! wait at the same time share one flush, so durability is paid once a group and not once an object.
//! [`LocalStack::open_unflushed`] and [`LocalStack::temporary`] promise none of it.
//!
//! # What is not supported
//!
//! S3: versions, tags, access control, encryption. SQS: other queues than the two there are, and FIFO. DynamoDB: whatever
//! dynoxide does not do. Secrets Manager: binary secrets, earlier versions, rotation, recovery. All answer with an error
//! and not with a pretended success. Expired items go when a folder is opened, once a day. One process at a time may have
//! a folder open; [`secrets_manager`] alone needs no such claim.

mod blobs;
mod clock;
mod connector;
mod dynamodb;
mod endpoint;
mod error;
mod folder;
mod notifications;
mod s3;
mod secrets;
mod sqs;
mod stack;
mod store;

pub use dynamodb::TableDefinition;
pub use endpoint::{Endpoint, EndpointSettings};
pub use error::{Error, StoreError};
pub use notifications::{Depth, NotificationId, NotificationQueue, QueueMessage};
pub use secrets::{RETURN_PATH_KEYS, RETURN_PATH_KEYS_FILE, SECRETS_FOLDER, SECRETS_PREFIX, secrets_manager};
pub use stack::{ACCESS_KEY, LocalStack, REGION, SECRET_KEY};
