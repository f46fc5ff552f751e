//! `events.ended`: ended operations as a future of the component model.

use super::world::Context;
use crate::host::operations::Waiter;
use crate::host::state::SandboxState;
use std::pin::Pin;
use std::task::{self, Poll};
use wasmtime::component::{FutureProducer, FutureReader};
use wasmtime::{Result, StoreContextMut};

/// Resolves with the handles of the operations that ended.
pub fn future(mut context: Context<'_>) -> Result<FutureReader<Vec<u32>>> {
    let operations = context.data_mut().waiter()?;
    FutureReader::new(context, Ended { operations })
}

struct Ended {
    operations: Waiter,
}

impl FutureProducer<SandboxState> for Ended {
    type Item = Vec<u32>;

    fn poll_produce(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        _store: StoreContextMut<'_, SandboxState>,
        finish: bool,
    ) -> Poll<Result<Option<Vec<u32>>>> {
        match self.operations.poll_ended(context) {
            Poll::Ready(handles) => Poll::Ready(Ok(Some(handles))),
            Poll::Pending if finish => Poll::Ready(Ok(None)),
            Poll::Pending => Poll::Pending,
        }
    }
}
