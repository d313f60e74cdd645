"""Why a job can end without outputs: the `code` of its `error`.

Every `GenartError` that reaches a worker carries one of these.
"""

from typing import NamedTuple


class Failure(NamedTuple):
    """One cause: when it occurs, and what its caller or whoever runs the service can do."""

    meaning: str
    remedy: str


FAILURES = {
    "invalid_image": Failure(
        "The data of a picture is damaged, or the picture is too small for what was asked.",
        "Send another picture, or one that was saved anew; ask for a larger `size`.",
    ),
    "invalid_request": Failure(
        "The worker can't make what the gateway let through: they are of different versions, or "
        "the model has changed since.",
        "Submit it again; if it stays so, update gateway and workers to one version.",
    ),
    "input_gone": Failure(
        "A picture that it was to be made from was removed before its turn came.",
        "Send the picture again and submit anew.",
    ),
    "too_large": Failure(
        "The picture can't be written in the `format` that was asked for.",
        "Ask for `png`, or for a smaller `size` or `scale`.",
    ),
    "out_of_memory": Failure(
        "The device had not enough memory for it, after all.",
        "Ask for less: a smaller `size`, `count` or `scale`; or free memory on the device.",
    ),
    "unknown_model": Failure(
        "The model was there at the submit, and is not any more, or not at this worker.",
        "Name another model, or bring its file back to every worker.",
    ),
    "model_not_pulled": Failure(
        "The model is known, its file is not at the worker.",
        "Run `genart models pull <name>` where the worker runs.",
    ),
    "damaged_weights": Failure(
        "The file of the model is unreadable, or its sha256 is not its card's.",
        "Delete it and pull or train it again.",
    ),
    "internal": Failure(
        "A fault of ours: the generator broke.",
        "Submit it again; if it stays so, the worker's log has the cause under the job's id.",
    ),
    "output_not_stored": Failure(
        "It was made, and its files could not be stored: the disk is full, or the store away.",
        "Submit it again once there is room; `genart doctor` says how much there is.",
    ),
    "attempts_exhausted": Failure(
        "Three workers died while they made it.",
        "Submit it again once; if it fails alike, it is the request that ends them. Report it.",
    ),
    "deadline_missed": Failure(
        "It had not begun by `start_by`, or not ended by `finish_by`. Its status is `expired`.",
        "Submit it again with a later deadline, a higher `priority`, or when fewer jobs wait.",
    ),
    "canceled": Failure(
        "Its caller canceled it while it was being made. Its status is `canceled`.",
        "Nothing; submit it again if it is wanted after all.",
    ),
}
