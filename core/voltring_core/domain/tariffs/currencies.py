"""The currencies that money can be asked in, each with the decimals of its minor unit (ISO 4217, active codes)."""

from decimal import Decimal

WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
WITH_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
WITH_FOUR = "CLF UYW"
DECIMALS = {
    code: decimals
    for decimals, codes in ((0, WITHOUT_DECIMALS), (2, WITH_TWO), (3, WITH_THREE), (4, WITH_FOUR))
    for code in codes.split()
}
"""How many decimals an amount has, by currency."""


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency, e.g. 0.01 for EUR. KeyError for one that is not known."""
    return Decimal(1).scaleb(-DECIMALS[currency])
