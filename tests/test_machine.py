"""A register driven at random: `followup.testing.machine` under the bundled policies."""

from hypothesis import settings

from followup.testing.machine import RegisterMachine

TestRegister = RegisterMachine.TestCase
TestRegister.settings = settings(max_examples=50, stateful_step_count=15)
