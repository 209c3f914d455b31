//! The queues of a stack: what waits in them, and what was set aside.

use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;

use super::finding::{Finding, Findings, Verdict};
use super::stack::refused;

/// How many messages wait, and how many were set aside.
pub(super) async fn check(config: &SdkConfig, name: &str, url: &str, findings: &mut Findings) {
    let client = aws_sdk_sqs::Client::new(config);
    let asked = client.get_queue_attributes().queue_url(url);
    let asked = asked.attribute_names(QueueAttributeName::All).send().await;
    let attributes = match asked {
        Ok(asked) => asked.attributes.unwrap_or_default(),
        Err(error) => return findings.add(refused("queue", name, &error, "sqs:GetQueueAttributes")),
    };
    let count = |name: &QueueAttributeName| attributes.get(name).and_then(|count| count.parse::<u64>().ok());
    let waiting = count(&QueueAttributeName::ApproximateNumberOfMessages).unwrap_or(0);
    findings.add(Finding::ok("queue", name, format!("{waiting} messages wait")));
    let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
    let policy = policy.and_then(|policy| serde_json::from_str::<serde_json::Value>(policy).ok());
    let arn = policy
        .as_ref()
        .and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
    if let Some(aside) = arn.and_then(|arn| arn.rsplit(':').next()) {
        set_aside(&client, name, aside, findings).await;
    }
}

async fn set_aside(client: &aws_sdk_sqs::Client, queue: &str, name: &str, findings: &mut Findings) {
    let url = match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => found.queue_url.unwrap_or_default(),
        Err(error) => return findings.add(refused("queue", name, &error, "sqs:GetQueueUrl")),
    };
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(count.clone());
    match asked.send().await {
        Ok(asked) => {
            let waiting = asked.attributes.unwrap_or_default();
            let waiting = waiting
                .get(&count)
                .and_then(|count| count.parse().ok())
                .unwrap_or(0_u64);
            if waiting > 0 {
                let detail = format!("{waiting} messages of the queue {queue} were set aside after failing too often");
                findings.add(
                    Finding::new(Verdict::Problem, "queue", name, detail)
                        .hint("docs/aws/runbook.md says how to look at them and put them back"),
                );
            }
        }
        Err(error) => findings.add(refused("queue", name, &error, "sqs:GetQueueAttributes")),
    }
}
