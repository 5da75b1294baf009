"""A register driven at random: `followup.testing.machine` under the bundled policies."""

from unittest.mock import patch

from hypothesis import settings

from followup.testing.machine import RegisterMachine

TestRegister = RegisterMachine.TestCase
TestRegister.settings = settings(max_examples=15, stateful_step_count=12)


class CrowdedMachine(RegisterMachine):
    """The same where three people are as many as thousands: read page by page, and too many to remember who waits."""

    def __init__(self) -> None:
        """Make a register that is soon crowded."""
        self.crowd = [
            patch("followup.intake._MANY", 1),
            patch("followup.intake._CROWD", 1),
            patch("followup.entryrows._CHUNK", 2),
        ]
        for limit in self.crowd:
            limit.start()
        super().__init__()

    def teardown(self) -> None:
        """Leave the limits as they were."""
        super().teardown()
        for limit in self.crowd:
            limit.stop()


TestCrowdedRegister = CrowdedMachine.TestCase
TestCrowdedRegister.settings = settings(max_examples=10, stateful_step_count=12)
