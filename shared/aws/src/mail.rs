//! [`Mailer`] on SES, [`Texter`] on SNS.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use outbound::{Mail, MailError, Mailer, Text, Texter};

#[derive(Debug)]
pub(crate) struct SesMailer {
    pub(crate) client: aws_sdk_sesv2::Client,
    pub(crate) from: String,
    pub(crate) configuration_set: String,
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send_mail(&self, mail: &Mail) -> Result<String, MailError> {
        let text = |data: &str| {
            Content::builder()
                .data(data)
                .charset("UTF-8")
                .build()
                .map_err(|e| MailError::Refused(e.to_string()))
        };
        let message = Message::builder()
            .subject(text(&mail.subject)?)
            .body(Body::builder().text(text(&mail.body)?).build())
            .build();
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .configuration_set_name(&self.configuration_set)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        match answer {
            Ok(sent) => Ok(sent.message_id.unwrap_or_default()),
            Err(error) => {
                let service = error.as_service_error();
                let message = service.and_then(|service| service.message()).unwrap_or_default();
                // Only a refusal of this one message is final. The operator can fix an unverified sender, a sandbox
                // or a missing grant: until then the message is retried, and its age raises an alarm.
                match service.and_then(|service| service.code()) {
                    Some(code @ ("MessageRejected" | "BadRequestException" | "InvalidParameterValue"))
                        if !message.contains("not verified") =>
                    {
                        Err(MailError::Refused(code.to_owned()))
                    }
                    // The service's message may quote the address, so only its code is reported.
                    Some(code) => Err(MailError::Unavailable(code.to_owned())),
                    None => Err(MailError::Unavailable(describe(&error))),
                }
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct SnsTexter {
    pub(crate) client: aws_sdk_sns::Client,
}

#[async_trait]
impl Texter for SnsTexter {
    async fn send_text(&self, text: &Text) -> Result<String, MailError> {
        match self.client.publish().phone_number(&text.to).message(&text.body).send().await {
            Ok(sent) => Ok(sent.message_id.unwrap_or_default()),
            Err(error) => match error.as_service_error().and_then(|service| service.code()) {
                Some(code @ ("InvalidParameter" | "InvalidParameterValue")) => {
                    Err(MailError::Refused(code.to_owned()))
                }
                Some(code) => Err(MailError::Unavailable(code.to_owned())),
                None => Err(MailError::Unavailable(describe(&error))),
            },
        }
    }
}
