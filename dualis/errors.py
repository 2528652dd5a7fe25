"""The catalogue of refusals: every code, its HTTP status and its text.

Knows codes and sentences. Knows nothing of HTTP frameworks, sockets or rows.
A refusal changes nothing; what is not in this file is a bug and answered with INTERNAL_ERROR.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal by the domain: a code, a status, a sentence for people and details for programs."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "The request could not be served."

    def __init__(self, **details: Any) -> None:
        self.details = details
        self.message = self.text.format(**details)
        super().__init__(self.message)


class ValidationError(DomainError):
    """`fields` maps a field's name to the list of what is wrong with it."""

    code, status, text = "VALIDATION_ERROR", 400, "The request is not valid: {summary}"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        summary = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in sorted(fields.items()))
        super().__init__(summary=summary, fields=fields)
        self.details = {"fields": fields}


class Unauthorized(DomainError):
    code, status, text = "UNAUTHORIZED", 401, "Sign in first."


class Forbidden(DomainError):
    code, status, text = "FORBIDDEN", 403, "You may not do this."


class NotFound(DomainError):
    code, status, text = "NOT_FOUND", 404, "There is no {what} {id}."


class MethodNotAllowed(DomainError):
    code, status, text = "METHOD_NOT_ALLOWED", 405, "This address does not take {method}."


class BodyTooLarge(DomainError):
    code, status, text = "BODY_TOO_LARGE", 413, "A body has at most {bytes} bytes."


class Unavailable(DomainError):
    code, status, text = "UNAVAILABLE", 503, "Too much at once; try again in {retryAfter} s."


class RateLimited(DomainError):
    code, status, text = "RATE_LIMITED", 429, "Too many requests; try again in {retryAfter} s."


class NotAcceptable(DomainError):
    code, status, text = "NOT_ACCEPTABLE", 406, "This address does not answer in that format."


class Contended(DomainError):
    """The database gave up more than once: others were changing the same rows."""

    code, status, text = "CONFLICT", 409, "Others changed the same rows just now; try again."


class IdempotencyConflict(DomainError):
    code, status, text = (
        "IDEMPOTENCY_CONFLICT",
        422,
        "The idempotency key was used for another request.",
    )


class JournalGone(DomainError):
    code, status, text = (
        "EVENTS_GONE",
        410,
        "Events after {after} are no longer all kept; read a fresh snapshot.",
    )


# --- accounts -------------------------------------------------------------------------------
class InvalidCredentials(DomainError):
    code, status, text = "INVALID_CREDENTIALS", 401, "E-mail or password is wrong."


class AccountLocked(DomainError):
    code, status, text = (
        "ACCOUNT_LOCKED",
        429,
        "Too many failed attempts; try again in {retryAfter} s.",
    )


class AccountSuspended(DomainError):
    code, status, text = "ACCOUNT_SUSPENDED", 403, "This account is suspended."


class AccountDeactivated(DomainError):
    code, status, text = "ACCOUNT_DEACTIVATED", 403, "This account is deactivated."


class EmailAlreadyExists(DomainError):
    code, status, text = (
        "EMAIL_ALREADY_EXISTS",
        409,
        "There is already an account with this e-mail.",
    )


class PasswordTooWeak(DomainError):
    """`reasons` is the list of rules the password breaks."""

    code, status, text = "PASSWORD_TOO_WEAK", 400, "The password is too weak: {summary}"

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(summary=" ".join(reasons))
        self.details = {"reasons": reasons}


class TokenInvalid(DomainError):
    code, status, text = "TOKEN_INVALID", 400, "This link or token is not valid."


class TokenExpired(DomainError):
    code, status, text = "TOKEN_EXPIRED", 400, "This link or token has expired."


class SessionExpired(DomainError):
    code, status, text = "SESSION_EXPIRED", 401, "This session has ended; sign in again."


# --- money ----------------------------------------------------------------------------------
class InsufficientBalance(DomainError):
    """`available` and `required` are decimal strings."""

    code, status, text = (
        "INSUFFICIENT_BALANCE",
        422,
        "The balance is {available} {asset}; {required} is needed.",
    )


class FaucetUsed(DomainError):
    code, status, text = (
        "FAUCET_USED",
        429,
        "The faucet gives once in 24 h; try again in {retryAfter} s.",
    )


# --- oracle ---------------------------------------------------------------------------------
class OracleStale(DomainError):
    code, status, text = "ORACLE_STALE", 503, "The price of {asset} is stale."


class NotManual(DomainError):
    code, status, text = "NOT_MANUAL", 422, "{asset} takes no manual price: {reason}"


class BreakerNotTripped(DomainError):
    code, status, text = "BREAKER_NOT_TRIPPED", 409, "The breaker of {asset} is not tripped."


# --- lending -----------------------------------------------------------------------------------
class PoolNotFound(DomainError):
    code, status, text = "POOL_NOT_FOUND", 404, "There is no pool {poolId}."


class PositionNotFound(DomainError):
    code, status, text = "POSITION_NOT_FOUND", 404, "You have no open position {positionId}."


class PoolInactive(DomainError):
    code, status, text = "POOL_INACTIVE", 422, "The pool {poolId} takes no {operation} now."


class ProtocolPaused(DomainError):
    code, status, text = (
        "PROTOCOL_PAUSED",
        503,
        "The protocol is paused; repaying, adding collateral and withdrawing stay open.",
    )


class AssetFrozen(DomainError):
    code, status, text = (
        "ORACLE_STALE",
        503,
        "{asset} is frozen: its price is stale or its breaker is tripped.",
    )


class CollateralNotAccepted(DomainError):
    code, status, text = "COLLATERAL_NOT_ACCEPTED", 422, "{asset} is not taken as collateral."


class SupplyCapExceeded(DomainError):
    code, status, text = (
        "SUPPLY_CAP_EXCEEDED",
        422,
        "The pool {poolId} takes at most {capUSD} USD; {roomUSD} USD are left.",
    )


class BorrowCapReached(DomainError):
    code, status, text = (
        "BORROW_CAP_REACHED",
        422,
        "The pool {poolId} lends at most {capUSD} USD; {roomUSD} USD are left.",
    )


class InsufficientLiquidity(DomainError):
    code, status, text = (
        "INSUFFICIENT_LIQUIDITY",
        422,
        "The pool {poolId} has {available} {asset} at hand.",
    )


class InsufficientSupply(DomainError):
    code, status, text = (
        "INSUFFICIENT_BALANCE",
        422,
        "You have {available} {asset} supplied; {required} are needed.",
    )


class InsufficientCollateral(DomainError):
    code, status, text = (
        "INSUFFICIENT_COLLATERAL",
        422,
        "This collateral lends {capacityUSD} USD; {requiredUSD} USD are asked for.",
    )


class HealthFactorTooLow(DomainError):
    code, status, text = (
        "HEALTH_FACTOR_TOO_LOW",
        422,
        "At most {removable} {asset} can be taken out; the debt needs the rest.",
    )


class DebtTooSmall(DomainError):
    code, status, text = (
        "DEBT_TOO_SMALL",
        422,
        "A debt is zero or worth at least {minimumUSD} USD; this would leave {debtUSD} USD.",
    )


class RepayExceedsDebt(DomainError):
    code, status, text = "REPAY_EXCEEDS_DEBT", 422, "The debt is {debt} {asset}."


class ProtectionExists(DomainError):
    code, status, text = (
        "PROTECTION_EXISTS",
        409,
        "{positionId} has an active rule of {action}; revoke it first.",
    )


# --- liquidations ------------------------------------------------------------------------------
class AuctionNotFound(DomainError):
    code, status, text = "AUCTION_NOT_FOUND", 404, "There is no auction {auctionId}."


class AuctionEnded(DomainError):
    code, status, text = "AUCTION_ENDED", 409, "The auction {auctionId} takes no bids any more."


class AuctionPaused(DomainError):
    """Prices are not live, or the market has just come back."""

    code, status, text = "AUCTION_PAUSED", 503, "The auction {auctionId} is paused."


class BidTooSmall(DomainError):
    code, status, text = "BID_TOO_SMALL", 422, "A bid is at least {minimum} {asset}."


class BidTooLarge(DomainError):
    code, status, text = "BID_TOO_LARGE", 422, "Only {left} {asset} are left."


class BidLeavesDust(DomainError):
    code, status, text = (
        "BID_LEAVES_DUST",
        422,
        "A debt below 100 USD would be left; bid {maximum} {asset}, or less than this.",
    )


class GracePeriod(DomainError):
    code, status, text = (
        "GRACE_PERIOD",
        503,
        "Prices have just come back; borrowing opens in {retryAfter} s.",
    )


# --- margin ledger -----------------------------------------------------------------------------
class AccountNotFound(DomainError):
    code, status, text = "ACCOUNT_NOT_FOUND", 404, "There is no margin account {address}."


class AddressTaken(DomainError):
    code, status, text = (
        "WALLET_ALREADY_LINKED",
        409,
        "The address {address} or this user is linked already.",
    )


class InsufficientMargin(DomainError):
    code, status, text = "INSUFFICIENT_MARGIN", 422, "Only {withdrawable} {asset} can leave now."


class NonceRefused(DomainError):
    code, status, text = "INVALID_NONCE", 422, "The nonce {nonce} {reason}."


class InvalidSignature(DomainError):
    code, status, text = "INVALID_SIGNATURE", 401, "The signature is not valid: {reason}."


class LeverageRefused(DomainError):
    """`code` in the details is the page's code of the same refusal of an order."""

    code, status, text = "LEVERAGE_REFUSED", 422, "This leverage of {coin} {reason}."


class OrderNotFound(DomainError):
    code, status, text = "ORDER_NOT_FOUND", 404, "There is no open order {orderId}."


class DepositNotFound(DomainError):
    code, status, text = "DEPOSIT_NOT_FOUND", 422, "Transaction hash not found on blockchain"


# --- notifications -----------------------------------------------------------------------------
class TooManyWebhooks(DomainError):
    code, status, text = "TOO_MANY_WEBHOOKS", 422, "There are at most {most} webhooks a user."


class ChannelUnavailable(DomainError):
    code, status, text = "CHANNEL_UNAVAILABLE", 422, "{channel} cannot be used: {reason}"


# --- governance: proposals ---------------------------------------------------------------------
class ProposalNotFound(DomainError):
    code, status, text = "PROPOSAL_NOT_FOUND", 404, "There is no proposal {proposalId}."


class BelowProposalThreshold(DomainError):
    code, status, text = (
        "BELOW_PROPOSAL_THRESHOLD",
        422,
        "A proposer has {threshold} DUAL besides the deposit of {deposit}; you have {balance}.",
    )


class ProposalOpen(DomainError):
    code, status, text = "PROPOSAL_OPEN", 409, "Your proposal {proposalId} is still open."


class TooManyProposals(DomainError):
    code, status, text = "TOO_MANY_PROPOSALS", 409, "{most} proposals are open already."


class ParameterCooldown(DomainError):
    code, status, text = (
        "PARAMETER_COOLDOWN",
        409,
        "{parameter} of {poolId} was changed lately; it may be changed again from {until}.",
    )


class VotingClosed(DomainError):
    code, status, text = "VOTING_CLOSED", 409, "{proposalId} takes no votes: it is {status}."


class NoVotingPower(DomainError):
    code, status, text = (
        "NO_VOTING_POWER",
        422,
        "A vote weighs at least {least} DUAL; yours weighs {weight} on {proposalId}.",
    )


class AlreadyVoted(DomainError):
    code, status, text = "ALREADY_VOTED", 409, "You have voted {direction} on {proposalId}."


class ProposalNotReady(DomainError):
    code, status, text = (
        "PROPOSAL_NOT_READY",
        409,
        "{proposalId} cannot be executed: it is {status}.",
    )


class ProposalNotDraft(DomainError):
    code, status, text = "PROPOSAL_NOT_DRAFT", 409, "{proposalId} is no draft: it is {status}."


class ProposalEnded(DomainError):
    code, status, text = "PROPOSAL_ENDED", 409, "{proposalId} is over: it is {status}."


class TreasuryInsufficient(DomainError):
    code, status, text = (
        "TREASURY_INSUFFICIENT",
        422,
        "The treasury has {available} {asset}; {required} is asked for.",
    )


# --- governance: staking and delegation --------------------------------------------------------
class SelfDelegation(DomainError):
    code, status, text = "SELF_DELEGATION", 422, "You cannot delegate to yourself."


class DelegateHasDelegated(DomainError):
    code, status, text = (
        "DELEGATE_HAS_DELEGATED",
        422,
        "The user {delegateeId} delegates to another and cannot receive delegations.",
    )


class NotDelegated(DomainError):
    code, status, text = "NOT_DELEGATED", 409, "You delegate to nobody."


class NothingToStake(DomainError):
    code, status, text = "INSUFFICIENT_BALANCE", 422, "There is no DUAL to stake or unstake."


class InsufficientStake(DomainError):
    code, status, text = (
        "INSUFFICIENT_BALANCE",
        422,
        "You have {available} DUAL staked; {required} are needed.",
    )


class TooManyCooldowns(DomainError):
    code, status, text = (
        "TOO_MANY_COOLDOWNS",
        422,
        "At most {most} amounts cool down at once; withdraw what has cooled.",
    )


class NothingCooled(DomainError):
    """`nextAt` is when the next amount has cooled down; null if none is cooling."""

    code, status, text = "NOTHING_COOLED", 409, "No stake has cooled down."


class NothingToClaim(DomainError):
    code, status, text = "NOTHING_TO_CLAIM", 409, "There are no rewards to claim."
