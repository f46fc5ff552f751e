//! An image that is still being made while its program is announced: most are ready before the host has read the
//! declarations.

use crate::image::Image;
use crate::values::failure::Failure;
use std::sync::Arc;
use tokio::sync::watch;

type Outcome = Option<Result<Arc<Image>, Failure>>;

/// What calls of a program wait for.
#[derive(Clone, Debug)]
pub struct PendingImage(watch::Receiver<Outcome>);

/// The maker's side. Dropping it without an image is a failure.
#[derive(Debug)]
pub struct ImageMaker(watch::Sender<Outcome>);

impl PendingImage {
    pub fn new() -> (ImageMaker, Self) {
        let (sender, receiver) = watch::channel(None);
        (ImageMaker(sender), Self(receiver))
    }

    /// One that is there.
    pub fn of(image: Arc<Image>) -> Self {
        let (maker, pending) = Self::new();
        maker.done(Ok(image));
        pending
    }

    pub async fn get(&self) -> Result<Arc<Image>, Failure> {
        let mut receiver = self.0.clone();
        let outcome = match receiver.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        outcome.unwrap_or_else(|| Err(Failure::internal("the memory of the program was lost")))
    }
}

impl ImageMaker {
    pub fn done(self, outcome: Result<Arc<Image>, Failure>) {
        self.0.send_replace(Some(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_of_the_end_whatever_it_is() {
        let (maker, pending) = PendingImage::new();
        let waiting = tokio::spawn({
            let pending = pending.clone();
            async move { pending.get().await }
        });
        maker.done(Err(Failure::internal("no memory")));
        assert_eq!(waiting.await.unwrap().unwrap_err().message, "no memory");
        assert_eq!(pending.get().await.unwrap_err().message, "no memory");
        let (maker, pending) = PendingImage::new();
        drop(maker);
        assert!(pending.get().await.unwrap_err().message.contains("lost"));
    }
}
