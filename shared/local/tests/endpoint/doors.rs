//! Who is not let in, and what is too much.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;

use crate::support::{Served, config};

/// The whole answer to these bytes.
async fn told(served: &Served, request: String) -> String {
    let address = served.address;
    let ask = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        // What was not read may end in a reset, after the answer.
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_sign_or_signs_with_another_key_is_refused_by_every_service() {
    let served = Served::start().await;
    for (key, secret) in [("other", "local"), ("local", "other")] {
        let config = config(&served.url(), key, secret).await;
        let s3 = aws_sdk_s3::Client::new(&config)
            .list_buckets()
            .send()
            .await
            .unwrap_err();
        assert_eq!(s3.raw_response().unwrap().status().as_u16(), 403);
        let tables = aws_sdk_dynamodb::Client::new(&config)
            .list_tables()
            .send()
            .await
            .unwrap_err();
        assert_eq!(tables.raw_response().unwrap().status().as_u16(), 403);
        let code = if key == "other" {
            "UnrecognizedClientException"
        } else {
            "InvalidSignatureException"
        };
        assert_eq!(tables.code(), Some(code));
        let secrets = aws_sdk_secretsmanager::Client::new(&config)
            .list_secrets()
            .send()
            .await
            .unwrap_err();
        assert_eq!(secrets.raw_response().unwrap().status().as_u16(), 403);
        let stacks = aws_sdk_cloudformation::Client::new(&config)
            .describe_stacks()
            .send()
            .await
            .unwrap_err();
        let code = if key == "other" {
            "InvalidClientTokenId"
        } else {
            "SignatureDoesNotMatch"
        };
        assert_eq!(stacks.code(), Some(code));
        let queues = aws_sdk_sqs::Client::new(&config)
            .list_queues()
            .send()
            .await
            .unwrap_err();
        assert_eq!(queues.raw_response().unwrap().status().as_u16(), 403);
    }
    for request in [
        "GET /messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 21\r\nconnection: close\r\n\r\nAction=DescribeStacks",
    ] {
        let answer = told(&served, request.into()).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_foreign_names_are_refused_however_well_they_sign() {
    let served = Served::start().await;
    let client = aws_sdk_s3::Client::new(&served.config().await);
    client
        .put_object()
        .bucket("messages")
        .key("x")
        .body(b"secret".to_vec().into())
        .send()
        .await
        .unwrap();
    let presigning = PresigningConfig::expires_in(std::time::Duration::from_mins(1)).unwrap();
    let presigned = client
        .get_object()
        .bucket("messages")
        .key("x")
        .presigned(presigning)
        .await
        .unwrap();
    let target = presigned.uri().split_once("/messages").unwrap().1;
    let host = served.address;
    let ask = |headers: &str| format!("GET /messages{target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    let fine = told(&served, ask(&format!("host: {host}\r\nsec-fetch-site: none\r\n"))).await;
    assert!(fine.starts_with("HTTP/1.1 200 ") && fine.ends_with("secret"), "{fine}");
    for headers in [
        format!("host: {host}\r\norigin: http://{host}\r\n"),
        format!("host: {host}\r\norigin: null\r\n"),
        format!("host: {host}\r\nsec-fetch-site: cross-site\r\n"),
        "host: rebound.example.com\r\n".to_owned(),
    ] {
        let answer = told(&served, ask(&headers)).await;
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && !answer.contains("secret"),
            "{headers}: {answer}"
        );
        assert!(!answer.to_lowercase().contains("access-control-allow"));
    }
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_too_large_or_means_nobody_is_refused() {
    let served = Served::start().await;
    let head = |target: &str, length: usize| {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: {target}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    // Said to be too large: known before anything of it comes.
    let answer = told(&served, head("DynamoDB_20120810.PutItem", 17 * 1024 * 1024)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let answer = told(&served, head("Kinesis_20131202.PutRecord", 0)).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("Kinesis_20131202"),
        "{answer}"
    );
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_says_so_instead_of_pretending() {
    let served = Served::start().await;
    let config = served.config().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let lifecycle = s3
        .get_bucket_lifecycle_configuration()
        .bucket("messages")
        .send()
        .await
        .unwrap_err();
    assert_eq!(lifecycle.code(), Some("NotImplemented"));
    let part = s3
        .get_object()
        .bucket("messages")
        .key("x")
        .part_number(1)
        .send()
        .await
        .unwrap_err();
    assert_eq!(part.code(), Some("NotImplemented"));
    let queues = aws_sdk_sqs::Client::new(&config);
    let queue = format!("{}/000000000000/fetch", served.url());
    let tags = queues.list_queue_tags().queue_url(queue).send().await.unwrap_err();
    assert_eq!(tags.code(), Some("AWS.SimpleQueueService.UnsupportedOperation"));
    served.end().await;
}
